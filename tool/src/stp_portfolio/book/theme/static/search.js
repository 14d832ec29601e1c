// Search without a server: Sphinx' own index, and what the records know of each page (number, standards, description).
"use strict";

const normal = (text) => text.toLowerCase()
  .replace(/([a-z])(\d)/g, "$1 $2").replace(/[^\p{L}\p{N}]+/gu, " ").replace(/\b0+(?=\d)/g, "").trim();

// searchindex.js calls this; searchpages.js has defined PAGES before.
const Search = {
  setIndex(index) {
    const query = new URLSearchParams(location.search).get("q") || "";
    const field = document.getElementById("search");
    if (query.trim()) {
      field.value ||= query; // unless its reader is typing already
      show(query, find(query, index));
    } else field.focus();
  },
};

function find(query, index) {
  const wanted = normal(query);
  const words = query.toLowerCase().split(/['’]s\b|[^\p{L}\p{N}_]+/u).filter((word) => word && !stopwords.includes(word));
  const stemmer = new Stemmer();
  const found = index.docnames.map(() => ({ score: 0, words: new Set(), why: "", sections: [] }));
  const add = (entry, word, points) => {
    for (const page of [].concat(entry)) {
      found[page].score += points;
      found[page].words.add(word);
    }
  };
  for (const word of words) {
    const stem = stemmer.stemWord(word);
    for (const [terms, exact, partial] of [[index.titleterms, 15, 7], [index.terms, 5, 2]]) {
      if (Object.hasOwn(terms, stem)) add(terms[stem], word, exact);
      else if (word.length > 2) {
        for (const term of Object.keys(terms)) if (term.startsWith(stem)) add(terms[term], word, partial);
      }
    }
  }
  for (const [title, places] of Object.entries(index.alltitles)) {
    if (!normal(title).includes(wanted)) continue;
    for (const [page, anchor] of places) {
      found[page].score += anchor ? 10 : 40;
      words.forEach((word) => found[page].words.add(word));
      if (anchor) found[page].sections.push([title, anchor]);
    }
  }
  index.docnames.forEach((name, page) => {
    const known = PAGES[name];
    if (known?.keys?.some((key) => normal(key) === wanted)) {
      found[page].score += 1000;
      found[page].why = known.keys[0];
    } else if (known?.standards?.some((key) => normal(key) === wanted)) {
      found[page].score += 500;
      found[page].why = `Evidence speaks to ${known.standards.find((key) => normal(key) === wanted)}`;
    }
  });
  const pages = found.map((entry, page) => ({ ...entry, page, name: index.docnames[page], title: PAGES[index.docnames[page]]?.title ?? index.docnames[page] }));
  const all = pages.filter((entry) => entry.why || (words.length && entry.words.size === words.length));
  const some = all.length ? all : pages.filter((entry) => entry.words.size);
  some.sort((a, b) => b.score - a.score || a.page - b.page);
  return { pages: some, complete: all.length > 0 };
}

function show(query, { pages, complete }) {
  const count = pages.length === 1 ? "1 page" : `${pages.length} pages`;
  const status = !pages.length ? `Nothing was found for “${query}”. Try fewer or other words.`
    : complete ? `${count} for “${query}”` : `No page has all of these words. ${count} with some of them:`;
  document.getElementById("search-status").textContent = status;
  document.title = `${query}: ${document.title}`;
  const list = document.getElementById("search-results");
  for (const { name, title, why, sections } of pages) {
    const item = document.createElement("li");
    item.append(link(`${name}.html`, title));
    if (why) item.append(text("p", why, "stp-why"));
    if (PAGES[name]?.description) item.append(text("p", PAGES[name].description));
    for (const [section, anchor] of sections.slice(0, 3)) {
      const line = text("p", "Section: ");
      line.append(link(`${name}.html#${anchor}`, section));
      item.append(line);
    }
    list.append(item);
  }
}

function link(address, words) {
  const made = text("a", words);
  made.href = address;
  return made;
}

function text(kind, words, name) {
  const made = document.createElement(kind);
  made.textContent = words;
  if (name) made.className = name;
  return made;
}
