// Of each table: whether it is wider than its box, whether it says so, and its short texts that wrap.
() => [...document.querySelectorAll(".stp-scroll")].map((box) => {
  const lines = (cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell.querySelector("p") || cell);
    return new Set([...range.getClientRects()].map((place) => Math.round(place.top))).size;
  };
  const hint = parseFloat(getComputedStyle(box.querySelector("caption") || box, "::after").paddingBottom) > 0;
  const wrapped = [...box.querySelectorAll("tbody .stp-short")].filter((cell) => lines(cell) > 1);
  return [box.scrollWidth > box.clientWidth, hint, wrapped.map((cell) => cell.textContent)];
})
