"""What the languages of the world are called: by callers (ISO 639-1, ISO 15924 scripts) and by Tesseract.

Tesseract names its data by ISO 639-2/T, with a suffix where a language is written in several scripts. The
names are those of the data files of Tesseract 4 and 5 (tessdata_fast); the codes are ISO 639-1's.
"""

from __future__ import annotations

_CODES = """
af:afr am:amh ar:ara as:asm az:aze az-Cyrl:aze_cyrl be:bel bg:bul bn:ben bo:bod br:bre bs:bos ca:cat co:cos
cs:ces cy:cym da:dan de:deu dv:div dz:dzo el:ell en:eng eo:epo es:spa et:est eu:eus fa:fas fi:fin fo:fao
fr:fra fy:fry ga:gle gd:gla gl:glg gu:guj he:heb hi:hin hr:hrv ht:hat hu:hun hy:hye id:ind is:isl it:ita
iu:iku ja:jpn jv:jav ka:kat kk:kaz km:khm kn:kan ko:kor ku:kmr ky:kir la:lat lb:ltz lo:lao lt:lit lv:lav
mi:mri mk:mkd ml:mal mn:mon mr:mar ms:msa mt:mlt my:mya nb:nor ne:nep nl:nld no:nor oc:oci or:ori pa:pan
pl:pol ps:pus pt:por qu:que ro:ron ru:rus sa:san sd:snd si:sin sk:slk sl:slv sq:sqi sr:srp sr-Latn:srp_latn
su:sun sv:swe sw:swa ta:tam te:tel tg:tgk th:tha ti:tir tl:fil to:ton tr:tur tt:tat ug:uig uk:ukr ur:urd
uz:uzb uz-Cyrl:uzb_cyrl vi:vie yi:yid yo:yor zh:chi_sim zh-Hant:chi_tra
"""

DATA_OF: dict[str, str] = dict(pair.split(":") for pair in _CODES.split())
"""Tesseract's data by the caller's code. Every value names one code in the answer: see `CODE_OF`."""

OTHER_NAMES: dict[str, str] = {
    "nn": "nb",
    "az-Latn": "az",
    "uz-Latn": "uz",
    "sr-Cyrl": "sr",
    "zh-Hans": "zh",
    "zh-CN": "zh",
    "zh-SG": "zh",
    "zh-TW": "zh-Hant",
    "zh-HK": "zh-Hant",
    "zh-MO": "zh-Hant",
}
"""Codes that stand for another one."""

CODE_OF: dict[str, str] = {data: code for code, data in DATA_OF.items()}
"""The code by which the answer names a language, by Tesseract's name: `nor` is `no`."""

SCRIPT_OF: dict[str, str] = {
    data: script
    for script, names in {
        "Arabic": "ara fas pus snd uig urd",
        "Armenian": "hye",
        "Bengali": "asm ben",
        "Cyrillic": "aze_cyrl bel bul kaz kir mkd mon rus srp tat tgk ukr uzb_cyrl",
        "Devanagari": "hin mar nep san",
        "Ethiopic": "amh tir",
        "Canadian_Aboriginal": "iku",
        "Cherokee": "chr",
        "Georgian": "kat kat_old",
        "Greek": "ell grc",
        "Gujarati": "guj",
        "Gurmukhi": "pan",
        "Han": "chi_sim chi_tra",
        "Hangul": "kor",
        "Hebrew": "heb yid",
        "Japanese": "jpn",
        "Kannada": "kan",
        "Khmer": "khm",
        "Lao": "lao",
        "Malayalam": "mal",
        "Myanmar": "mya",
        "Oriya": "ori",
        "Sinhala": "sin",
        "Syriac": "syr",
        "Tamil": "tam",
        "Telugu": "tel",
        "Thaana": "div",
        "Thai": "tha",
        "Tibetan": "bod dzo",
    }.items()
    for data in names.split()
}
"""The script of a language's data, as Tesseract's script detection names it; Latin where it is not here."""

SAME_SCRIPT: dict[str, str] = {
    "Fraktur": "Latin",
    "Hiragana": "Japanese",
    "Katakana": "Japanese",
    "Korean": "Hangul",
}
"""Scripts as Tesseract detects them that are read with the data of another one in `SCRIPT_OF`."""

COMMON = [
    *("eng", "spa", "fra", "deu", "por", "ita", "nld", "pol", "tur", "swe"),
    *("rus", "ukr", "ara", "fas", "hin", "ben", "jpn", "chi_sim", "chi_tra", "kor"),
]
"""Languages that stand first where the language is to be found out and many are installed."""
