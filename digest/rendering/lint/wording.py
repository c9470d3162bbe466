"""Words by which links and addresses are recognised, in the languages that mails come in: data, not rules."""

from __future__ import annotations

import re

_LEAVE = (
    "unsubscribe", "opt out", "opt-out", "stop receiving", "leave this list", "abmelden", "abbestellen", "austragen",
    "désabonner", "désinscrire", "désinscription", "désabonnement", "darse de baja", "cancelar la suscripción",
    "anular la suscripción", "cancelar suscripción", "cancelar a inscrição", "cancelar inscrição", "disiscriviti",
    "annulla l'iscrizione", "cancella l'iscrizione", "uitschrijven", "afmelden", "avprenumerera", "avregistrera",
    "avmeld", "meld deg av", "afmeld", "framelding", "peru tilaus", "peruuta tilaus", "wypisz", "zrezygnuj",
    "odhlásit", "odhlásiť", "leiratkozás", "dezabonare", "отписаться", "відписатися", "aboneliğinizi iptal",
    "abonelikten çık", "配信停止", "配信を停止", "購読をやめる", "購読を解除", "購読解除", "登録解除", "登録を解除",
    "退会", "수신 거부", "수신거부", "구독 취소", "구독취소", "구독 해지", "구독을 해지", "구독 그만", "إلغاء الاشتراك",
    "إيقاف الاشتراك", "退订", "退訂", "取消订阅", "取消訂閱", "ביטול הרשמה", "सदस्यता समाप्त", "hủy đăng ký",
    "ยกเลิกการสมัคร",
)  # fmt: skip
_CHANGE = (
    "preferences", "manage", "settings", "update your profile", "einstellungen", "einstellung", "préférences",
    "préférence", "preferencias", "preferências", "preferenze", "voorkeuren", "inställningar", "indstillinger",
    "asetukset", "preferencje", "ustawienia", "настройки", "tercihler", "設定", "환경설정", "설정", "التفضيلات",
    "تفضيلاتك", "الإعدادات", "偏好", "设置",
)  # fmt: skip
_VIEW = (
    "view in browser", "view online", "read online", "view this email", "in your browser", "im browser",
    "dans le navigateur", "en el navegador", "nel browser", "in de browser", "ブラウザ", "브라우저에서", "في المتصفح",
    "浏览器",
)  # fmt: skip
VAGUE = frozenset(
    {
        "click here", "here", "click", "link", "this link", "read more", "more", "learn more", "hier", "hier klicken",
        "klicken sie hier", "mehr", "weiterlesen", "ici", "cliquez ici", "en savoir plus", "lire la suite", "aquí",
        "haga clic aquí", "leer más", "こちら", "詳細", "여기", "더 보기", "هنا", "المزيد", "点击这里",
    }
)  # fmt: skip
_NO_REPLY = re.compile(
    r"(?:do[-_.]?not|no|ne[-_.]?pas|nicht|nao|non)[-_.]?(?:reply|answer|respond|repondre|antworten).*"
)
SHORTENERS = frozenset(
    {
        "bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "buff.ly", "is.gd", "v.gd", "rebrand.ly", "cutt.ly",
        "tiny.cc", "shorturl.at", "rb.gy", "t.ly", "lnkd.in", "bl.ink", "s.id", "dlvr.it", "adf.ly",
    }
)  # fmt: skip


def says_leave(words: str) -> bool:
    """Whether a link says that it ends the subscription."""
    return _says(words, _LEAVE)


def says_change(words: str) -> bool:
    """Whether a link says that it leads to what a reader can choose."""
    return _says(words, _CHANGE)


def says_view(words: str) -> bool:
    """Whether words only offer the mail in a browser."""
    return _says(words, _VIEW)


def is_no_reply(local: str) -> bool:
    """Whether the part of an address before the @ says that nobody reads there."""
    return _NO_REPLY.fullmatch(local.lower()[:64]) is not None


def _says(words: str, phrases: tuple[str, ...]) -> bool:
    low = words.lower().replace("’", "'")
    return any(each in low for each in phrases)
