// Every word on the page whose contrast is below 4.5 to 1 (WCAG 2.2): "text: ratio".
(() => {
  const parts = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  const light = (colour) => {
    const [r, g, b] = colour.map((one) => one / 255)
      .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const over = (top, ground) => {
    const alpha = top[3] ?? 1;
    return [0, 1, 2].map((one) => top[one] * alpha + ground[one] * (1 - alpha));
  };
  const ground = (element) => {
    if (!element) return parts(getComputedStyle(document.documentElement).backgroundColor);
    const own = parts(getComputedStyle(element).backgroundColor);
    if ((own[3] ?? 1) === 1) return own;
    return over(own, ground(element.parentElement));
  };
  const weak = [];
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const element = words.currentNode.parentElement;
    const text = words.currentNode.textContent.trim();
    if (!text || !element.checkVisibility() || ["SCRIPT", "NOSCRIPT"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const behind = ground(element.closest("svg")?.parentElement || element);
    const colour = over(parts(element.closest("svg") ? style.fill : style.color), behind);
    const [a, b] = [light(colour), light(behind)].sort((one, other) => other - one);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) weak.push(`${text}: ${ratio.toFixed(2)}`);
  }
  return weak;
})()
