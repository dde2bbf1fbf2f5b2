"""The steps of the ranking, as the page about it tells engineers of them: what each does, and the paper it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import LazyString, lazy_gettext


@dataclass(frozen=True, slots=True)
class Paper:
    """Where a method comes from; `arxiv` is its number there, if it has one."""

    authors: str
    title: str
    arxiv: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the ranking.

    Attributes:
        key: The page's anchor; `telusur evaluate --compare no-KEY` measures the ranking without it, where that can be.
        name: What it is called.
        does: What it does, and why.
        papers: What it follows.
    """

    key: str
    name: LazyString
    does: LazyString
    papers: tuple[Paper, ...] = ()


STEPS = (
    Step(
        "model",
        lazy_gettext("Model bahasa"),
        lazy_gettext(
            "multilingual-e5-small mengubah teks menjadi vektor 384 dimensi; bahasa Indonesia, Jawa, Sunda, dan Inggris berada "
            "dalam ruang yang sama. Model lain bisa dipasang; indeks mencatat model mana yang membuatnya."
        ),
        (Paper("Wang et al.", "Multilingual E5 Text Embeddings", "2402.05672"),),
    ),
    Step(
        "rewording",
        lazy_gettext("Pertanyaan dibaca dua kali"),
        lazy_gettext(
            "Sekali seperti diketik, sekali dengan kata yang jarang diganti kata yang lazim dalam siaran pers (duit → uang, "
            "meja hijau → pengadilan), menurut tesaurus yang ditulis proyek ini; rata-rata keduanya yang dicari. Pertanyaan "
            "berbahasa Inggris dibiarkan, dan pencocokan kata tetap memakai kata yang diketik."
        ),
        (Paper("Belkin et al.", "Combining the Evidence of Multiple Query Representations for Information Retrieval, 1995"),),
    ),
    Step(
        "context",
        lazy_gettext("Paragraf dalam konteksnya"),
        lazy_gettext(
            "Setiap paragraf melewati model dua kali: sendirian, dan di dalam siaran persnya, dengan rata-rata atas tokennya "
            "sendiri. Jumlah keduanya menjadi satu vektor, sehingga indeks tidak bertambah besar. Siaran pers yang lebih "
            "panjang dari jendela model dibaca dalam jendela-jendela yang bertumpang tindih."
        ),
        (Paper("Günther et al.", "Late Chunking: Contextual Chunk Embeddings", "2409.04701"),),
    ),
    Step(
        "centring",
        lazy_gettext("Pemusatan"),
        lazy_gettext(
            "Dari setiap paragraf dikurangkan rata-rata semua paragraf, dari setiap pertanyaan rata-rata pertanyaan contoh "
            "dalam dua bahasa yang ditulis proyek ini: arah yang dimiliki semuanya tidak membedakan apa pun. Rata-rata "
            "dihitung ulang untuk setiap generasi indeks dan disimpan bersamanya, jadi vektor lama dan baru tidak pernah "
            "berselisih."
        ),
        (Paper("Mu & Viswanath", "All-but-the-Top: Postprocessing for Word Representations", "1702.01417"),),
    ),
    Step(
        "map",
        lazy_gettext("Peta isi dan bentuk"),
        lazy_gettext(
            "Yang tetap sama ketika paragraf dibaca sendirian dan dalam konteks adalah isi; yang berbeda adalah bentuk. Sebuah "
            "peta linear sedikit meregangkan arah isi dan menyusutkan arah bentuk, makin hati-hati makin kecil arsipnya."
        ),
        (Paper("Hatch, Kajarekar & Stolcke", "Within-Class Covariance Normalization for SVM-based Speaker Recognition, 2006"),),
    ),
    Step(
        "hubs",
        lazy_gettext("Tanpa paragraf serbadekat"),
        lazy_gettext(
            "Ada paragraf yang letaknya dekat dengan pertanyaan apa saja. Kedekatannya dikurangi setengah dari kedekatan "
            "rata-ratanya dengan pertanyaan contoh yang terdekat."
        ),
        (
            Paper("Conneau et al.", "Word Translation Without Parallel Data", "1710.04087"),
            Paper("Bogolin et al.", "Cross Modal Retrieval with Querybank Normalisation", "2112.12777"),
        ),
    ),
    Step(
        "words",
        lazy_gettext("Kata yang sama"),
        lazy_gettext(
            "BM25 atas judul dan paragraf. Sebelumnya imbuhan dilepas (melayani, pelayanan → layan), kata umum diabaikan, "
            "singkatan ditulis panjang (Pemkot → pemerintah kota), angka dan tanggal disamakan bentuknya."
        ),
        (
            Paper("Robertson & Zaragoza", "The Probabilistic Relevance Framework: BM25 and Beyond, 2009"),
            Paper("Tala", "A Study of Stemming Effects on Information Retrieval in Bahasa Indonesia, 2003"),
        ),
    ),
    Step(
        "coverage",
        lazy_gettext("Seberapa jauh kata dipercaya"),
        lazy_gettext(
            "BM25 dibagi nilai tertinggi yang mungkin untuk pertanyaan itu, dan dihitung sejauh paragraf itu memuat lebih dari "
            "hampir separuh pertanyaan: satu dua kata dari pertanyaan panjang hampir tidak berarti. Nilai akhir adalah "
            "kemiripan makna ditambah dua setengah kali nilai kata ini. Penggabungan menurut peringkat tidak dipakai: ia juga "
            "mempercayai kata yang kebetulan cocok, sehingga merugikan pertanyaan dalam kata lain atau bahasa lain."
        ),
        (
            Paper("Bruch, Gai & Ingber", "An Analysis of Fusion Functions for Hybrid Retrieval", "2210.11934"),
            Paper("Cormack, Clarke & Büttcher", "Reciprocal Rank Fusion Outperforms Condorcet, 2009"),
        ),
    ),
    Step(
        "line",
        lazy_gettext("Garis dan label"),
        lazy_gettext(
            "Saat pengindeksan, arsip ditanyai pertanyaan dari dunia lain, seperti resep atau kode komputer. Bukti untuk "
            "pertanyaan Anda, yaitu kemiripan sepuluh paragraf terdekat dan kecocokan kata terbaik, dibandingkan dengan bukti "
            "untuk pertanyaan asing yang paling mirip dengannya. Kelebihannya harus melampaui yang dicapai sembilan dari "
            "sepuluh pertanyaan asing; bila tidak, arsip dinyatakan tidak menjawab."
        ),
        (Paper("Auckenthaler, Carey & Lloyd-Thomas", "Score Normalization for Text-Independent Speaker Verification, 2000"),),
    ),
    Step(
        "duplicates",
        lazy_gettext("Yang hampir sama"),
        lazy_gettext(
            "MinHash menemukan calon kembar, lalu pasangan kata mereka dibandingkan: mulai 80 persen sama, dengan angka dan "
            "kata ingkar yang sama pula, keduanya tampil sebagai satu hasil."
        ),
        (
            Paper("Broder", "On the Resemblance and Containment of Documents, 1997"),
            Paper("Leskovec, Rajaraman & Ullman", "Mining of Massive Datasets, ch. 3"),
        ),
    ),
    Step(
        "marks",
        lazy_gettext("Tanda di dalam kutipan"),
        lazy_gettext(
            "Setiap kalimat sudah punya vektor sejak pengindeksan; yang terdekat dengan pertanyaan diberi latar. Kata ditandai "
            "bila kata dasarnya sama. Tidak ada yang perlu dibaca model saat mencari, selain pertanyaannya."
        ),
        (Paper("Grefenstette & Tapanainen", "What Is a Word, What Is a Sentence?, 1994"),),
    ),
)

RANKINGS = {
    "words": lazy_gettext("hanya kata (BM25)"),
    "alone": lazy_gettext("hanya vektor paragraf sendirian"),
    "rrf": lazy_gettext("gabungan keduanya menurut peringkat"),
    "no-context": lazy_gettext("tanpa konteks"),
    "no-centring": lazy_gettext("tanpa pemusatan"),
    "no-map": lazy_gettext("tanpa peta"),
    "no-hubs": lazy_gettext("tanpa langkah paragraf serbadekat"),
    "no-rewording": lazy_gettext("pertanyaan dibaca sekali"),
    "no-words": lazy_gettext("tanpa kata"),
    "no-coverage": lazy_gettext("kata dipercaya sepenuhnya"),
}
"""What readers call the rankings that `telusur evaluate --compare` measures."""
