// Each text of the figures that is seen, its contrast to what lies behind it, and the size of its type in pixels.
() => {
  const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const rgb = (text) => text.match(/[\d.]+/g).slice(0, 3).map(Number);
  const page = rgb(getComputedStyle(document.body).backgroundColor);
  const found = [];
  for (const text of document.querySelectorAll("svg.stp-svg text")) {
    if (!text.checkVisibility()) continue; // of the drawing for another width
    const box = text.getBoundingClientRect();
    if (!box.width) continue; // in the drawing for another width
    const behind = [...text.ownerSVGElement.querySelectorAll("path")].filter((path) => {
      const b = path.getBoundingClientRect();
      return b.left <= box.left && b.right >= box.right && b.top <= box.top + 2
        && b.bottom >= box.bottom - 2 && getComputedStyle(path).fill.startsWith("rgb");
    }).map((path) => rgb(getComputedStyle(path).fill));
    const back = behind.length ? behind[behind.length - 1] : page;
    const [a, b] = [luminance(rgb(getComputedStyle(text).fill)), luminance(back)].sort((x, y) => y - x);
    const { a: x, b: y } = text.getScreenCTM(); // also of what stands upright
    found.push([text.textContent, (a + 0.05) / (b + 0.05), parseFloat(getComputedStyle(text).fontSize) * Math.hypot(x, y)]);
  }
  return found;
}
