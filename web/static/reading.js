// A release: copying a link to a paragraph, keys from passage to passage, and a search in the text while one types. All of it
// works without this file, too, by links and a form.
"use strict";

(() => {
  const COPIED_MS = 2500;
  const article = document.querySelector("[data-reading]");
  const bar = document.querySelector("[data-bar]");
  const status = article.querySelector("[data-status]");
  const text = article.querySelector(".release-text");

  // Links to paragraphs

  function announceCopied(link) {
    const label = link.querySelector("span");
    const was = label.textContent;
    label.textContent = article.dataset.copiedShort;
    status.textContent = article.dataset.copied.replace("{number}", link.dataset.copyLink);
    setTimeout(() => {
      label.textContent = was;
      status.textContent = "";
    }, COPIED_MS);
  }

  article.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-copy-link]");
    // Browsers give the clipboard to pages over https only; elsewhere the link is followed, and its address can be copied.
    if (!link || !navigator.clipboard || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    try {
      await navigator.clipboard.writeText(link.href);
      announceCopied(link);
    } catch {
      location.assign(link.href);
    }
  });

  // Looking for words in the text: the same as web/within.py

  const fold = bar.querySelector("[data-within]");
  const form = fold.querySelector("form");
  const input = form.elements.within;
  const place = form.querySelector("[data-found-place]");
  const steps = { previous: form.querySelector("[data-found-previous]"), next: form.querySelector("[data-found-next]") };
  const matchSteps = bar.querySelectorAll("[data-match-previous], [data-match-next]");
  const most = Number(place.dataset.most);
  const folded = new WeakMap();
  const TYPED = { "‘": "'", "’": "'", "‚": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "‟": '"' };
  let total = 0;
  let isCut = false;
  let current = Number(new URLSearchParams(location.search).get("at") ?? 1);

  function foldSign(sign) {
    if (/\s/.test(sign)) return " ";
    return sign.normalize("NFKD").toLowerCase().replace(/[‘-‟‐-—−]/g, (one) => TYPED[one] ?? "-")
      .replace(/[\p{Mn}\p{Me}\p{Cf}]/gu, "");
  }

  // The text as it is compared, and for each of its characters, and its end, where that stood in the original.
  function foldText(original) {
    const signs = [];
    const places = [];
    let at = 0;
    for (const sign of original) {
      for (const one of foldSign(sign).split("")) {
        if (one === " " && signs.at(-1) === " ") continue;
        signs.push(one);
        places.push(at);
      }
      at += sign.length;
    }
    places.push(at);
    return { signs: signs.join(""), places };
  }

  function find(paragraph, needle, limit) {
    if (!folded.has(paragraph)) folded.set(paragraph, foldText(paragraph.textContent));
    const { signs, places } = folded.get(paragraph);
    const spans = [];
    let at = signs.indexOf(needle);
    while (at >= 0 && spans.length < limit) {
      let end = at + needle.length;
      while (end < signs.length && places[end] === places[end - 1]) end += 1;
      if (!spans.length || places[at] >= spans.at(-1)[1]) spans.push([places[at], places[end]]);
      at = signs.indexOf(needle, end);
    }
    return spans;
  }

  function unmark() {
    for (const mark of text.querySelectorAll(".found")) {
      const parent = mark.parentNode;
      mark.replaceWith(...mark.childNodes);
      parent.normalize();
    }
  }

  // From the last to the first, so that the offsets of those before stay true.
  function markAll(paragraph, spans, first) {
    const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
    const nodes = [];
    let start = 0;
    while (walker.nextNode()) {
      nodes.push([walker.currentNode, start]);
      start += walker.currentNode.length;
    }
    let last = nodes.length - 1;
    for (let number = spans.length - 1; number >= 0; number -= 1) {
      const [from, to] = spans[number];
      while (nodes[last][1] >= to) last -= 1;
      for (let each = last; each >= 0; each -= 1) {
        const [node, begin] = nodes[each];
        const end = Math.min(to - begin, node.length);
        if (end <= 0 || begin + node.length <= from) break;
        const range = document.createRange();
        range.setStart(node, Math.max(from - begin, 0));
        range.setEnd(node, end);
        const mark = document.createElement("mark");
        mark.className = "found";
        mark.dataset.number = first + number;
        range.surroundContents(mark);
      }
    }
  }

  function marksOf(number) {
    return text.querySelectorAll(`.found[data-number="${number}"], #w${number}`);
  }

  function addressAt(number) {
    const address = new URL(location.href);
    address.searchParams.delete("at");
    address.searchParams.delete("within");
    if (input.value.trim()) address.searchParams.set("within", input.value.trim());
    if (number > 1) address.searchParams.set("at", number);
    const marked = address.searchParams.get("p");
    address.hash = total ? `w${number}` : marked ? `p${marked}` : "";
    return address;
  }

  function inWords(pattern) {
    const language = document.documentElement.lang;
    return pattern.replace("{number}", current.toLocaleString(language)).replace("{count}", total.toLocaleString(language));
  }

  // Everything that says where the reader stands.
  function showPlace() {
    for (const mark of text.querySelectorAll(".is-current")) mark.classList.remove("is-current");
    for (const mark of marksOf(current)) mark.classList.add("is-current");
    const { some, cut, none } = place.dataset;
    place.textContent = total ? inWords(isCut ? cut : some) : input.value.trim() ? none : "";
    for (const step of Object.values(steps)) step.hidden = total === 0;
    steps.previous.href = addressAt(current > 1 ? current - 1 : total);
    steps.next.href = addressAt((current % total || 0) + 1);
    for (const step of matchSteps) {
      const address = new URL(step.href);
      address.searchParams.delete("within");
      if (input.value.trim()) address.searchParams.set("within", input.value.trim());
      step.href = address;
    }
  }

  function goTo(number) {
    current = number;
    showPlace();
    marksOf(number)[0]?.scrollIntoView({ block: "center" });
    history.replaceState(history.state, "", addressAt(number));
  }

  function look() {
    unmark();
    total = 0;
    isCut = false;
    const needle = foldText(input.value).signs.trim();
    if (needle) {
      for (const paragraph of text.querySelectorAll(".paragraph > p")) {
        const spans = find(paragraph, needle, most - total + 1);
        isCut ||= spans.length > most - total;
        spans.splice(most - total);
        markAll(paragraph, spans, total + 1);
        total += spans.length;
      }
    }
    // The next from where the reader is, as in a browser's own search.
    const edge = form.getBoundingClientRect().bottom;
    const next = [...text.querySelectorAll(".found")].find((mark) => mark.getBoundingClientRect().bottom > edge);
    current = Number(next?.dataset.number ?? 1);
    if (total) goTo(current);
    else {
      showPlace();
      history.replaceState(history.state, "", addressAt(1));
    }
  }

  function step(towards) {
    if (total) goTo(towards < 0 ? (current > 1 ? current - 1 : total) : (current % total) + 1);
  }

  function open() {
    fold.open = true;
    input.focus();
    input.select();
  }

  function close() {
    fold.open = false;
    fold.querySelector("summary").focus();
  }

  // What the server marked already is only numbered.
  const served = text.querySelectorAll(".found");
  if (served.length) {
    served.forEach((mark) => { mark.dataset.number = mark.id.slice(1); });
    total = served.length;
    isCut = "isCut" in place.dataset;
    current = Math.min(current, total);
    showPlace();
  }

  input.addEventListener("input", look);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    step(1);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.shiftKey) step(-1);
    else if (event.key === "Escape" && input.value) {
      input.value = "";
      look();
    } else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  steps.previous.addEventListener("click", (event) => { event.preventDefault(); step(-1); });
  steps.next.addEventListener("click", (event) => { event.preventDefault(); step(1); });
  fold.querySelector("summary").addEventListener("click", (event) => {
    event.preventDefault();
    if (fold.open) close();
    else open();
  });

  // Keys, unless they are switched off

  document.addEventListener("keydown", (event) => {
    const isOn = document.querySelector("[data-shortcuts-on]").checked && !document.querySelector("dialog[open]");
    const isTyping = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select");
    if (!isOn || isTyping || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const name = { n: "match-next", p: "match-previous" }[event.key];
    const link = name && bar.querySelector(`a[data-${name}]`);
    if (link) link.click();
    else if (event.key === "f") open();
    else return;
    event.preventDefault();
  });
})();
