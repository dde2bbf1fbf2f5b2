// Search an archive from JavaScript. In a page, `answering` does the same, if `telusur serve --cors-origin` allows that page.
// node search.mjs http://127.0.0.1:8000 "ASN harus melayani" prints every release that answers, with the address of the passage.

/** Every hit that answers, best first: page after page, until one hardly answers. */
async function* answering(base, question) {
  let page = "/api/v1/search?" + new URLSearchParams({ q: question, k: 5 });
  while (page) {
    const response = await fetch(new URL(page, base));
    const answer = await response.json();
    if (!response.ok) throw new Error(`${answer.detail} ${answer.remedy}`);
    for (const hit of answer.hits) {
      if (hit.band === "lemah") return;
      yield hit;
    }
    page = answer.next;
  }
}

const [base, question] = process.argv.slice(2);
try {
  for await (const { rank, release, link } of answering(base, question)) {
    console.log([rank, release.published ?? "-", release.title, new URL(link, base)].join("\t"));
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
