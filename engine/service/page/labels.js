// Where the words of the plane go, so that none covers another. Pure: pixels in, pixels out.

const GAP = 6;

/** The eight sides of a dot: [across, along], -1 to 1. */
const SIDES = [[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, 1], [1, -1], [-1, -1]];

const meet = (a, b) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

function box(dot, [across, along], width, height) {
  const gap = GAP + (dot.room || 0);
  const x = dot.x + across * (along ? gap * 0.7 : gap + 3) + (across === 0 ? -width / 2 : 0);
  const left = across < 0 ? x - width : x;
  const top = dot.y - height / 2 + along * (height / 2 + gap);
  return { left, top, right: left + width, bottom: top + height };
}

/**
 * Places words beside their dots. `wanted`: [{word, x, y, must, room}], first come first (`room`:
 * how far the dot reaches);
 * `measure(word)` gives a width. What finds no room is left out, but a `must` stands anyway.
 * `taken` are boxes that nothing may cover. Gives [{…wanted, box}].
 */
export function place(wanted, { width, height, middle, line, measure, taken = [] }) {
  const full = [...taken];
  const placed = [];
  for (const one of wanted) {
    const outward = [one.x - middle.x, one.y - middle.y];
    const sides = [...SIDES].sort((a, b) => worth(b, outward) - worth(a, outward));
    const boxes = sides.map((side) => box(one, side, measure(one.word), line));
    const inside = (b) => b.left >= 0 && b.top >= 0 && b.right <= width && b.bottom <= height;
    const free = boxes.find((b) => inside(b) && !full.some((other) => meet(b, other)));
    const found = free || (one.must ? boxes.find(inside) : undefined);
    if (!found) continue;
    full.push(found, { left: one.x - 5, top: one.y - 5, right: one.x + 5, bottom: one.y + 5 });
    placed.push({ ...one, box: found });
  }
  return placed;
}

/** How well a side suits: outward first, beside before above and below. */
function worth([across, along], [out, down]) {
  const size = Math.hypot(out, down) || 1;
  const long = Math.hypot(across, along);
  return (across * out + along * down) / (size * long) + (along === 0 ? 0.45 : 0);
}
