// Plain words for times, places and what went wrong. Pure: no page, no service.

const SAME = 0.03; // so near, a place is called by its feeling's word
const BEYOND = 0.1; // so much farther from the middle it lies beyond it

/** Seconds as '3:07' or '1:00:00', rounded down. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
  return `${minutes}:${two(whole % 60)}`;
}

/** '1 minute', '15 minutes', '2:30'. */
export function length(minutes) {
  if (minutes !== Math.round(minutes)) return clock(60 * minutes);
  return minutes === 1 ? "1 minute" : `${minutes} minutes`;
}

export function distance(one, other) {
  return Math.hypot(one.valence - other.valence, one.arousal - other.arousal);
}

/** The feeling of `feelings` that lies nearest to `place`. */
export function nearest(place, feelings) {
  let found = null;
  for (const one of feelings) {
    if (!found || distance(place, one) < distance(place, found)) found = one;
  }
  return found;
}

/** What a place is called: 'calm', 'near calm', 'beyond calm'. */
export function called(place, feelings) {
  const found = nearest(place, feelings);
  if (!found) return "here";
  if (distance(place, found) <= SAME) return found.word;
  const out = Math.hypot(place.valence, place.arousal);
  const there = Math.hypot(found.valence, found.arousal);
  return `${there > BEYOND && out - there > BEYOND ? "beyond" : "near"} ${found.word}`;
}

/** How a slider from 0 to 1 stands, between the words of its ends. */
export function share(value, least, most) {
  if (value < 0.125) return least;
  if (value < 0.375) return `rather ${least}`;
  if (value <= 0.625) return "in the middle";
  return value <= 0.875 ? `rather ${most}` : most;
}
