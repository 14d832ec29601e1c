// Where the blocks of a page end on the right, each edge once: of text, and of all that fills the column (a short table keeps to its own width).
() => {
  const boxes = document.querySelectorAll("main, main article, main section, main :is(.cell, .cell_output, figure, .stp-scroll)");
  const within = "article, section, .cell, .cell_output, span, script, table";
  const blocks = [...boxes].flatMap((box) => [...box.children]).filter((block) => !block.matches(within));
  const shown = blocks.map((block) => block.getBoundingClientRect()).filter((place) => place.width && place.height);
  return [...new Set(shown.map((place) => Math.round(place.right)))].sort();
}
