from __future__ import annotations

import time

import pytest

from archive.readers import noise

# By rule: what it drops, and near misses that it keeps.
DROPPED: dict[str, list[str]] = {
    "empty": ["", " \u00a0 ", "***", "• • •", "---"],
    "share bar": [
        "Bagikan",
        "Bagikan:",
        "Share:",
        "SHARE",
        "Bagikan ke Facebook",
        "Bagikan berita ini:",
        "Share on WhatsApp",
        "WhatsApp Facebook Twitter",
        "Bagikan : Facebook | Twitter | WhatsApp",
        "Facebook 12 Twitter 3 X",
        "Sebarkan artikel ini",
        "Salin tautan",
        "ShareTweetPin",
    ],
    "related": [
        "Baca juga: Wali Kota Buka Turnamen Voli",
        "BACA JUGA",
        "BACA JUGA : Wali Kota Buka Turnamen Voli",
        "BACA JUGA Wali Kota Buka Turnamen Voli",
        "Baca Juga Wali Kota Buka Turnamen Voli",
        "Simak juga video “Tirtapura dari Udara”",
        "Simak juga Video 'Panen Raya di Watuireng':",
        'Tonton juga video "Grebeg Tirta" di sini:',
        "Lihat juga: Galeri Grebeg Tirta",
        "Berita Terkait",
        "Artikel Terkait:",
        "Read also: Mayor opens market",
    ],
    "caption": [
        "Foto: Wali Kota menyerahkan kunci rumah.",
        "Foto : Humas Tirtapura",
        "(Foto/Humas)",
        "(Foto: Prokopim Tirtapura)",
        "(foto: istimewa)",
        "[Dok. Diskominfo]",
        "Keterangan foto: Warga antre di loket.",
        "Keterangan gambar: kegiatan di Kota Tirtapura",
        "FOTO BERSAMA: Peserta berpose di tangga balai kota.",
        "Sumber foto: BPBD",
        "Foto/Humas",
        "Dok. Prokopim",
        "Ilustrasi: bendungan saat kemarau",
    ],
    "tag list": ["Tags: madiun, asn", "TAG: Kesehatan", "#madiun #asn", "#PelayananPublik", "Tagar:", "Kata kunci: air bersih"],
    "counter": [
        "123 kali dibaca",
        "Dibaca 45",
        "Dibaca : 1.245 kali",
        "Post Views: 12",
        "1.234 views",
        "Dilihat: 300",
        "Artikel ini telah dibaca 77 kali",
        "0 Komentar",
        "3 menit baca",
        "Hits: 98",
    ],
    "tool": [
        "Print | PDF | Email",
        "PDF",
        "Unduh lampiran di sini",
        "Download PDF",
        "Kirim ke teman",
        "A+ | A-",
        "Perbesar huruf",
    ],
    "cookie notice": [
        "Situs ini menggunakan cookie untuk meningkatkan pengalaman Anda.",
        "We use cookies on our website to give you the most relevant experience.",
        "Terima semua",
        "Accept All",
    ],
    "comment invitation": [
        "Tinggalkan Balasan",
        "Tulis komentar Anda",
        "Leave a Reply",
        "Belum ada komentar",
        "Alamat email Anda tidak akan dipublikasikan. Ruas yang wajib ditandai *",
        "Jadilah yang pertama berkomentar!",
        "Bagaimana pendapat Anda tentang berita ini?",
        "Komentar (3)",
        "This entry was posted on 21 Maret 2023 at 10:00 and is filed under Berita.",
    ],
    "follow invitation": [
        "Ikuti berita terbaru kami di Google News",
        "Ikuti kami di Instagram @tirtapura",
        "Dapatkan update terbaru melalui kanal WhatsApp kami, klik di sini",
    ],
    "advert": ["ADVERTISEMENT", "Iklan", "SCROLL TO CONTINUE WITH CONTENT", "[Advertorial]"],
    "navigation": [
        "Sebelumnya",
        "« Kembali",
        "Kembali ke Atas",
        "Baca Selengkapnya",
        "Beranda",
        "Halaman 1 dari 3",
        "Previous Post",
    ],
    "code": ["(adsbygoogle = window.adsbygoogle || []).push({});", "var x = 1;", "function() { return 1 }"],
}
KEPT: dict[str, list[str]] = {
    "empty": ["5", "(ney/agi/diskominfo)"],
    "share bar": [
        "X",
        "Line dance meriahkan hari bebas kendaraan.",
        "Bagikan pengalaman itu kepada anak-anak, pesan Ratih.",
        "Kirim Bantuan",
        "Facebook memblokir akun palsu yang mengatasnamakan pemkot.",
    ],
    "related": [
        "Warga dapat baca juga pengumuman itu di papan balai kota.",
        "Baca juga buku tamu di pos penjagaan, kata Seno setengah bergurau.",
        "Simak juga pengumuman di papan balai kota.",
        "Berita lain – soal pipa bocor – dibantah Ratih.",
        "Lihat juga catatan yang kami tulis, pesan Ratih.",
    ],
    "caption": [
        "Foto bersama mengakhiri acara.",
        "Foto itu diambil pada 1954.",
        "Sumber: Diskominfo Kota Tirtapura",
        "Gambar 3 peserta dipajang.",
        "(Humas)",
        "(ney/agi/diskominfo)",
        "Ia membawa foto: potret ayahnya semasa muda.",
    ],
    "tag list": [
        "Tagihan: Rp 2 juta",
        "#1 di Provinsi: Tirtapura",
        "Gerakan #SatuGuruSatuBacaan dimulai.",
        "Label halal: syarat wajib",
    ],
    "counter": [
        "Dibaca 45 siswa, puisi itu memukau.",
        "123 kali lipat",
        "Kasus: 45",
        "Dilihat 300 warga, wayang itu usai dini hari.",
        "Pembaca 12 kota hadir.",
    ],
    "tool": [
        "Cetak sawah dimulai.",
        "Unduh aplikasi Sapa Warga untuk melapor.",
        "Simpan air hujan",
        "PDF itu dibagikan kepada lurah.",
    ],
    "cookie notice": ["Kue kering dan cookies buatan warga laris.", "Setuju, kata para pedagang."],
    "comment invitation": [
        "Komentar Ratih singkat.",
        "Tulis komentar pedas, warga dipanggil.",
        "Tinggalkan kebiasaan lama, pesan Ratih.",
    ],
    "follow invitation": ["Ikuti lomba menulis surat untuk wali kota.", "Dapatkan vaksin di puskesmas terdekat."],
    "advert": ["Iklan rokok dilarang.", "Iklan layanan masyarakat"],
    "navigation": ["Selanjutnya, warga diminta menunggu.", "2 dari 3 warga sudah divaksin.", "Sebelumnya, jalan itu rusak."],
    "code": ["Fungsi (taman) itu pulih.", "Variabel harga = mutu."],
}


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in DROPPED.items() for text in texts])
def test_noise_is_dropped_by_the_rule_for_it(rule: str, text: str) -> None:
    assert noise.RULES[rule](" ".join(text.split()))
    assert noise.drop([text]) == []


@pytest.mark.parametrize("text", [text for texts in KEPT.values() for text in texts])
def test_a_near_miss_is_kept_as_published(text: str) -> None:
    assert noise.name_rule(text) is None
    assert noise.drop([text]) == [text]


def test_every_rule_has_both() -> None:
    assert list(DROPPED) == list(KEPT) == list(noise.RULES)


def test_order_spaces_and_typographic_quotes_stay() -> None:
    texts = ["TIRTAPURA –  Satu.", "‘’Dua,’’ kata “ibu”.", "Bagikan", "Tiga\u00a0(21/3)."]
    assert noise.drop(texts) == ["TIRTAPURA –  Satu.", "‘’Dua,’’ kata “ibu”.", "Tiga\u00a0(21/3)."]
    assert noise.drop([]) == []


def test_a_label_takes_the_headlines_below_it_along() -> None:
    texts = [
        "Satu.",
        "Baca juga:",
        "Wali Kota Buka Turnamen Voli",
        "Harga Cabai Turun Tajam",
        "Dua berlanjut.",
        "Harga Cabai Turun Tajam",
    ]
    assert noise.drop(texts) == ["Satu.", "Dua berlanjut.", "Harga Cabai Turun Tajam"]


def test_a_letter_in_a_share_bar_is_a_network() -> None:
    assert noise.drop(["X", "Bagikan:", "Facebook", "X", "Isi.", "X"]) == ["X", "Isi.", "X"]


def test_a_label_with_its_headline_takes_nothing_along() -> None:
    assert noise.drop(["Baca juga: Harga Cabai Turun", "Tidak semua warga senang"]) == ["Tidak semua warga senang"]


def test_a_label_takes_no_more_than_six_headlines_along() -> None:
    assert noise.drop(["Berita Terkait", *(f"Judul berita nomor {number}" for number in range(8))]) == [
        "Judul berita nomor 6",
        "Judul berita nomor 7",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "bagikan ke " * 40 + "!x",
        "x" * 100_000,
        "print pdf " * 19 + "?!a",
        "#" * 190,
        "kali dibaca " * 15,
        "(foto" * 40,
        "cookie anda kami " * 35,
        "baca juga " * 10_000,
        " " * 100_000,
        "foto bersama " * 10_000,
        "ikuti kami " * 18,
        "tinggalkan komentar anda " * 12 + "5",
    ],
)
def test_no_text_makes_a_rule_slow(text: str) -> None:
    start = time.perf_counter()
    noise.drop([text])
    assert time.perf_counter() - start < 0.5


def test_what_stands_as_the_sentences_do_is_the_authors_unless_only_a_site_says_it() -> None:
    texts = ["Satu.", "Simak juga Video: Pasar Dibuka", "ADVERTISEMENT", "---", "Bagikan:", "Dibaca 45"]
    assert noise.drop(texts, [True] * 6) == texts[:4]
    assert noise.drop(texts, [True, False, True, False, True, True]) == ["Satu.", "ADVERTISEMENT"]


def test_a_label_alone_takes_its_headlines_along_wherever_it_stands() -> None:
    assert noise.drop(["Baca juga:", "Harga Cabai Turun Tajam", "Isi."], [True] * 3) == ["Isi."]
