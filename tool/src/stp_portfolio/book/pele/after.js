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
const stpKinds = 'flowchart LR, sequenceDiagram, stateDiagram-v2, erDiagram, classDiagram, gantt, pie, mindmap, timeline';
// What could be drawn, but not so that a reader understands it.
function stpUnclear(model) {
  if (!['flowchart', 'sequence', 'state', 'er', 'class', 'gantt', 'pie', 'mindmap', 'timeline'].includes(model.type))
    return `A ${model.type} diagram cannot be drawn here. Begin with one of: ${stpKinds}`;
  if (model.type === 'pie' && (model.sections.size ?? Object.keys(model.sections).length) > 4)
    return 'More than 4 slices of a pie look alike. Use a table, or fewer slices.';
  const task = model.type === 'gantt' && model.tasks.find(each =>
    JSON.stringify(each.startTime) === JSON.stringify(each.endTime) && !each.milestone && !each.vert);
  if (task) return `The task '${task.task.trim()}' takes no time. Write a length such as 3d, or an end after the `
    + "start and, as the chart's second line: dateFormat YYYY-MM-DD";
  return '';
}
function stpDraw(source, maxWidth) {
  try {
    const model = pele.parse(source);
    const { svg, width, height } = pele.render(model, {
      maxWidth, measurer: stpMeasurer, fontSize: 16, padding: 4, responsive: false,
      links: false, images: false, linkSchemes: [], imageSchemes: [], now: 0,
    });
    const unclear = stpUnclear(model);
    if (unclear) return JSON.stringify({ error: unclear, code: 'unclear', line: 1 });
    return JSON.stringify({ svg, width, height, title: model.accTitle ?? '', description: model.accDescr ?? '' });
  } catch (error) {
    if (/memory|call stack/.test(error?.message ?? 'memory')) throw error;
    const said = String(error.message), kind = (source.match(/^ *[A-Za-z].*$/m) ?? [''])[0].trim().slice(0, 80);
    const unclear = error.code === 'unsupported-diagram' ? `'${kind}' names no kind of diagram. Begin with one of: ${stpKinds}` : '';
    return JSON.stringify({ error: unclear || said, code: unclear ? 'unclear' : error.code ?? '', line: unclear ? 1 : error.line ?? 0 });
  }
}
