import random

import numpy as np
import pytest

from index.duplicates import groups

PARAGRAPH = (
    "Wali Kota Madiun meminta seluruh aparatur melayani warga dengan ramah karena loket pelayanan adalah wajah pemerintah "
    "kota dan setiap keluhan yang masuk lewat aplikasi wajib dijawab petugas pada hari kerja yang sama tanpa alasan apa pun "
    "agar kepercayaan masyarakat tumbuh"
)
OTHER = (
    "Petugas pemadam mengevakuasi tiga ekor kucing dari atap pasar burung setelah pedagang melapor lewat telepon darurat "
    "pagi tadi dan seluruhnya selamat"
)


def numbered(*texts: str) -> list[int]:
    return groups(texts).tolist()


def test_no_texts_have_no_groups() -> None:
    found = groups([])
    assert found.dtype == np.int32
    assert found.shape == (0,)


def test_groups_are_numbered_in_order_of_first_appearance() -> None:
    found = groups([OTHER, PARAGRAPH, OTHER, "Lain lagi.", PARAGRAPH])
    assert found.dtype == np.int32
    assert found.tolist() == [0, 1, 0, 2, 1]


@pytest.mark.parametrize(
    "edited",
    [
        PARAGRAPH.upper() + "!",
        "‘’" + PARAGRAPH.replace(" dan ", ", dan ") + ",’’",
        PARAGRAPH.replace("ramah", "santun"),
        PARAGRAPH.replace("ramah", "santun").replace("seluruh ", ""),
        "Dalam apel pagi itu, " + PARAGRAPH,
        PARAGRAPH + " di kota pecel yang kita cintai bersama ini",
    ],
)
def test_small_edits_stay_in_the_group(edited: str) -> None:
    assert numbered(PARAGRAPH, OTHER, edited) == [0, 1, 0]


@pytest.mark.parametrize(
    "changed",
    [
        " ".join(reversed(PARAGRAPH.split())),
        " ".join(PARAGRAPH.split()[:20]),
        PARAGRAPH.replace("wajib dijawab", "tidak wajib dijawab"),
        PARAGRAPH + " " + OTHER,
    ],
)
def test_other_order_a_part_another_sense_and_much_more_do_not(changed: str) -> None:
    assert numbered(PARAGRAPH, changed) == [0, 1]


def test_another_number_is_another_report_but_not_another_spelling_of_it() -> None:
    report = PARAGRAPH + " dengan anggaran Rp1.250.000 sebulan"
    assert numbered(report, report.replace("1.250.000", "1.350.000"), report.replace("Rp1.250.000", "Rp 1250000")) == [0, 1, 0]


def test_short_texts_must_have_the_same_words() -> None:
    assert numbered("Baca juga: Pemkot gelar pasar murah", "Baca juga: Pemkot gelar pasar murah.") == [0, 0]
    assert numbered("Pemkot Madiun gelar pasar murah besok", "Pemkot Madiun gelar pasar murah lusa") == [0, 1]
    assert numbered("…", "---", "", "…") == [0, 1, 2, 0]


def test_a_chain_of_small_edits_does_not_swallow_what_is_no_longer_alike() -> None:
    words = PARAGRAPH.split()
    chain = []
    for step in range(len(words)):
        chain.append(" ".join(words))
        words[step] = f"ganti{chr(97 + step % 26)}{chr(97 + step // 26)}"
    found = groups(chain)
    assert found[0] == found[1]
    assert found[0] != found[-1]
    for member, leader in zip(chain, (chain[int(np.argmax(found == number))] for number in found), strict=True):
        assert sum(a == b for a, b in zip(member.split(), leader.split(), strict=True)) >= 33  # of 38


def _archive() -> list[str]:
    random_ = random.Random(11)  # noqa: S311
    vocabulary = ["".join(random_.choices("abdegiklmnoprstu", k=6)) for _ in range(3_000)]
    originals = [random_.choices(vocabulary, k=45) for _ in range(1_500)]
    edited = []
    for words in originals[:500]:
        copy = list(words)
        copy[random_.randrange(45)] = "lain"
        edited.append(copy)
    return [" ".join(words) for words in originals + edited]


def test_every_edited_copy_in_an_archive_is_found_and_nothing_else() -> None:
    found = groups(_archive())
    assert found[:1_500].tolist() == list(range(1_500))
    assert found[1_500:].tolist() == list(range(500))


def test_the_same_texts_always_give_the_same_groups_in_any_company() -> None:
    texts = _archive()
    assert np.array_equal(groups(texts), groups(texts))
    backwards = groups(texts[::-1])[::-1]
    assert all(backwards[number] == backwards[1_500 + number] for number in range(500))
    assert len(set(backwards.tolist())) == 1_500


def test_texts_from_one_mould_are_neither_merged_nor_slow() -> None:
    random_ = random.Random(2)  # noqa: S311
    mould = PARAGRAPH.split()[:25]
    texts = [" ".join(mould + ["".join(random_.choices("aeiklnrst", k=5)) for _ in range(12)]) for _ in range(2_000)]
    assert len(set(groups(texts).tolist())) == 2_000
