// Runs after Pele: what Python calls. Text widths are Arial's, from a table, where a browser would ask its fonts.
const stpWidths = [[278,278,355,556,556,889,667,191,333,333,389,584,278,333,278,278,556,556,556,556,556,556,556,556,556,556,278,278,584,584,584,556,1015,667,667,722,722,667,611,778,722,278,500,667,556,833,722,778,667,778,722,667,611,722,667,944,667,667,611,278,278,278,469,556,333,556,556,500,556,556,278,556,556,222,222,500,222,833,556,556,556,556,333,500,278,556,500,722,500,500,500,334,260,334,584],
[278,333,474,556,556,889,722,238,333,333,389,584,278,333,278,278,556,556,556,556,556,556,556,556,556,556,333,333,584,584,584,611,975,722,722,722,722,667,611,778,722,278,556,722,611,833,722,778,667,778,722,667,611,722,667,944,667,667,611,333,278,333,584,556,333,556,611,556,611,556,333,611,611,278,278,556,278,889,611,611,611,611,389,556,333,611,556,778,556,556,500,389,280,389,584]];
const stpMeasurer = {
  width(text, size, style) {
    let sum = 0;
    for (const letter of text.normalize('NFD')) {
      const code = letter.codePointAt(0);
      const other = /\p{Mark}/u.test(letter) ? 0 : code >= 0x2e80 ? 1000 : 620;
      sum += style & 4 ? 602 : stpWidths[style & 1][code - 32] ?? other;
    }
    return sum * size / 1000 * 1.02;  // a little air: the page's font may be wider
  },
};
function stpDraw(source, maxWidth) {
  try {
    const model = pele.parse(source);
    const { svg, width, height } = pele.render(model, {
      maxWidth, measurer: stpMeasurer, fontSize: 16, padding: 4, responsive: false,
      links: false, images: false, linkSchemes: [], imageSchemes: [], now: 0,
    });
    return JSON.stringify({ svg, width, height, model },
      (key, value) => value instanceof Map ? Object.fromEntries(value) : value instanceof Set ? [...value] : value);
  } catch (error) {
    if (/memory|call stack/.test(error?.message ?? 'memory')) throw error;
    return JSON.stringify({ error: String(error.message), code: error.code ?? '', line: error.line ?? 0 });
  }
}
