from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.language import language

SAMPLE = Path(__file__).parents[1] / "archive" / "sample" / "releases"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("MADIUN – Aparatur Sipil Negara harus melayani masyarakat, bukan minta dilayani, kata wali kota.", "id"),
        ("Warga diminta waspada banjir karena hujan deras masih akan turun hingga pekan depan.", "id"),
        ("Kerajaan negeri akan menyediakan peruntukan tambahan bagi menaik taraf kemudahan awam di luar bandar.", "id"),
        ("Bapak Walikota ngendika menawa para pegawai kudu ngladeni rakyat kanthi ati sing tulus.", "jv"),
        ("Pambangunan kreteg anyar ing Desa Sumberrejo wis rampung lan bakal dibukak dina Senen ngarep.", "jv"),
        ("Para warga kedah waspada dhumateng bebaya banjir amargi jawah taksih asring dhawah saben sonten.", "jv"),
        ("Pamaréntah Kota ngayakeun pasanggiri biantara basa Sunda pikeun barudak sakola unggal taun.", "su"),
        ("Cai di sababaraha désa geus saat saprak dua bulan katukang. Warga kapaksa meuli cai ti padagang.", "su"),
        ("Masarakat kudu waspada kana bahaya banjir sabab hujan gedé masih kénéh turun unggal soré.", "su"),
        ("The mayor of Madiun said on Tuesday that civil servants must serve the people.", "en"),
        ("MAYOR: CIVIL SERVANTS MUST SERVE THE PEOPLE, NOT THE OTHER WAY ROUND", "en"),
        ("De burgemeester van Madiun zei dinsdag dat ambtenaren het volk moeten dienen.", "nl"),
        ("قال رئيس البلدية إن الموظفين يجب أن يخدموا الناس كل يوم.", "ar"),
        ("市长表示，公务员必须为人民服务。", "zh"),
        # Seven words, nearly all of them names.
        ("Rusunawa Sumberpitu Mulai Dihuni Warga Kalibening Wetan", None),
        ("", None),
        ("2023 21/3 (…) – 100% 5 6 7 8 9 10 11 12", None),
    ],
)
def test_language(text: str, code: str | None) -> None:
    assert language(text) == code


def test_only_the_opening_counts() -> None:
    indonesian = "Wali kota meminta seluruh pegawai untuk melayani warga dengan sepenuh hati setiap hari. " * 4
    assert language(indonesian + "The mayor said that civil servants must serve the people. " * 50) == "id"


def test_every_release_of_the_sample_is_indonesian() -> None:
    texts = [path.read_text(encoding="utf-8").split("---\n")[2] for path in sorted(SAMPLE.glob("*.txt"))]
    assert [language(text) for text in texts] == ["id"] * len(texts)
    assert texts


def test_the_model_loads_when_it_is_first_asked() -> None:
    code = "import sys, archive.language; print('py3langid' in sys.modules, 'numpy' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]


@given(st.text())
@settings(deadline=None)
def test_no_text_is_too_strange(text: str) -> None:
    assert language(text) in {None, "id", "jv", "su", "en", "nl", "ar", "zh"}
    assert language(text * 50) in {None, "id", "jv", "su", "en", "nl", "ar", "zh"}
