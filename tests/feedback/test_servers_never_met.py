"""Reports in the shapes of servers that no rule was made from: each is told by the general tables."""

from __future__ import annotations

import pytest

from digest.feedback.read import read_report
from tests.feedback.reports import dsn, group, plain

A = "ann@example.net"
B = "bo@example.net"


def fields(said: str, status: str, *, words: str = "Something went wrong.", action: str = "failed") -> bytes:
    """Return a report of RFC 3464 about Ann, with *said* for the diagnostic."""
    return dsn(group(said, status=status, action=action), words=words)


#: kind of server -> the report, what is read: (recipient, class, first digit of the status)
REPORTS = {
    "Exchange Online, nobody of that name": (
        fields("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "5.1.10",
               words=f"Your message to {A} couldn't be delivered.\nann wasn't found at example.net."),
        [(A, "hard", "5")],
    ),
    "Exchange Online, the mailbox full": (
        fields("554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuota",
               "5.2.2", words="The recipient's mailbox is full and can't accept messages now."),
        [(A, "soft", "5")],
    ),
    "Exchange Online, a rule of the organisation": (
        fields("550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy", "5.7.1"),
        [(A, "block", "5")],
    ),
    "Exchange Online, only for colleagues": (
        fields("550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required", "5.7.133"),
        [(A, "block", "5")],
    ),
    "Exchange Online, tenant over its threshold": (
        fields("550 5.7.705 Access denied, tenant has exceeded threshold", "5.7.705"),
        [(A, "block", "5")],
    ),
    "Exchange Online, not in the directory at its edge": (
        fields("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "5.4.1"),
        [(A, "hard", "5")],
    ),
    "Exchange Online, a domain that it does not know": (
        fields("550 5.7.750 Service unavailable. Client blocked from sending from unregistered domains", "5.7.750"),
        [(A, "block", "5")],
    ),
    "a server that minds line ends": (
        fields("550 5.6.0 Lone CR or LF in body", "5.6.0"),
        [(A, "block", "5")],
    ),
    "a server with a word of its own": (
        fields("553 5.3.0 <ann@example.net>... Addressee unknown", "5.3.0"),
        [(A, "hard", "5")],
    ),
    "Outlook.com, the network is on its list": (
        fields("550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Please contact your Internet service"
               " provider since part of their network is on our block list (S3150).", "5.7.1"),
        [(A, "block", "5")],
    ),
    "Outlook.com, not authenticated": (
        fields("550 5.7.515 Access denied, sending domain news.example.org does not meet the required"
               " authentication level.", "5.7.515"),
        [(A, "block", "5")],
    ),
    "Yahoo, nobody of that name": (
        fields("554 delivery error: dd This user doesn't have a yahoo.com account (ann@example.net) [0]", "5.0.0"),
        [(A, "hard", "5")],
    ),
    "Yahoo, no account any more": (
        fields("554 30 Sorry, your message to ann@example.net cannot be delivered. This mailbox is disabled (554.30).",
               "5.0.0"),
        [(A, "soft", "5")],
    ),
    "Yahoo, put off for complaints": (
        fields("421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to user complaints - 4.16.55.1",
               "4.7.0", action="delayed"),
        [(A, "block", "4")],
    ),
    "iCloud, no such mailbox": (
        fields("550 5.1.1 <ann@example.net>: user does not exist", "5.1.1"),
        [(A, "hard", "5")],
    ),
    "iCloud, over quota": (
        fields("552 5.2.2 <ann@example.net>: user is over quota", "5.2.2"),
        [(A, "soft", "5")],
    ),
    "iCloud, refused by its rules": (
        fields("554 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.example/", "5.7.1"),
        [(A, "block", "5")],
    ),
    "Proofpoint, the address on its list": (
        fields("554 5.7.1 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.7", "5.7.1"),
        [(A, "block", "5")],
    ),
    "Proofpoint, a recipient it does not know": (
        fields("550 5.1.1 User Unknown - psmtp", "5.1.1"),
        [(A, "hard", "5")],
    ),
    "Mimecast, a signature in the mail": (
        fields("554 Email rejected due to security policies - MCSpamSignature.sa.35.1", "5.0.0"),
        [(A, "block", "5")],
    ),
    "Mimecast, not a recipient there": (
        fields("550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 [abc.uk1]", "5.0.0"),
        [(A, "hard", "5")],
    ),
    "Mimecast, too much at once": (
        fields("451 Internal resource temporarily unavailable - https://community.mimecast.com/docs/#451", "4.0.0",
               action="delayed"),
        [(A, "soft", "4")],
    ),
    "Barracuda, refused by score": (
        fields("554 rejected due to spam content", "5.0.0"),
        [(A, "block", "5")],
    ),
    "Barracuda, not a user of the domain": (
        fields("550 permanent failure for one or more recipients (ann@example.net:550 5.1.1 User unknown)", "5.1.1"),
        [(A, "hard", "5")],
    ),
    "Cisco, by reputation": (
        fields("554-esa1.example.net 554 Your access to this mail system has been rejected due to the sending MTA's"
               " poor reputation.", "5.0.0"),
        [(A, "block", "5")],
    ),
    "Cisco, at RCPT": (
        plain(f"The following message to <{A}> was undeliverable.\nThe reason for the problem:\n"
              "5.1.0 - Unknown address error 550-'5.1.1 recipient rejected, no such account'",
              subject="Delivery Status Notification (Failure)"),
        [(A, "hard", "5")],
    ),
    "qmail with vpopmail": (
        plain(f"Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your"
              f" message to the following addresses.\n\n<{A}>:\nSorry, no mailbox here by that name. vpopmail"
              " (#5.1.1)\n\n--- Below this line is a copy of the message.\n"),
        [(A, "hard", "5")],
    ),
    "qmail, cannot connect for a week": (
        plain(f"Hi. This is the qmail-send program at mx.example.net.\n\n<{A}>:\nSorry, I wasn't able to establish an"
              " SMTP connection. (#4.4.1)\nI'm not going to try again; this message has been in the queue too long.\n"),
        [(A, "soft", "4")],
    ),
    "Courier, with its own layout": (
        plain(f"This is a delivery status notification from mx.example.net,\nrunning the Courier mail server.\n\n"
              f"The original message was received on Mon, 23 Nov 2026\n\n"
              f"                           UNDELIVERABLE MAIL\n\n"
              f"Your message to the following recipients cannot be delivered:\n\n<{A}>:\n"
              f"    mx.example.net [192.0.2.9]:\n    >>> RCPT TO:<{A}>\n    <<< 550 User unknown.\n",
              sender='"Courier mail server at mx.example.net" <@>', subject="NOTICE: mail delivery status."),
        [(A, "hard", "5")],
    ),
    "Exim without fields, in its present wording": (
        plain(f"This message was created automatically by mail delivery software.\n\nA message that you sent could not"
              f" be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es)"
              f" failed:\n\n  {A}\n    host mx.example.net [192.0.2.9]\n    SMTP error from remote mail server after"
              f" RCPT TO:<{A}>:\n    550-5.1.1 The email account that you tried to reach does not exist.\n",
              sender="Mail Delivery System <Mailer-Daemon@mx.example.net>",
              subject="Mail delivery failed: returning message to sender",
              fields=f"X-Failed-Recipients: {A}\nAuto-Submitted: auto-replied\n"),
        [(A, "hard", "5")],
    ),
    "Exim, sender verify": (
        plain(f"This message was created automatically by mail delivery software.\n\n  {A}\n    SMTP error from remote"
              f" mail server after RCPT TO:<{A}>:\n    host mx.example.net: 550 Sender verify failed\n",
              subject="Mail delivery failed: returning message to sender"),
        [(A, "block", "5")],
    ),
    "Exim with a German owner, who does not tell when it was said": (
        plain(f"Diese Nachricht wurde automatisch vom Mail-System erzeugt.\n\nIhre Nachricht konnte nicht zugestellt"
              f" werden an:\n\n  {A}\n    550 Empfänger unbekannt\n", subject="Unzustellbare Nachricht"),
        [(A, "soft", "5")],
    ),
    "Exim with a German owner, at RCPT": (
        plain(f"Ihre Nachricht konnte nicht zugestellt werden an:\n\n  {A}\n    Antwort auf RCPT TO:<{A}>:\n"
              "    550 Empfänger unbekannt\n", subject="Unzustellbare Nachricht"),
        [(A, "hard", "5")],
    ),
    "Postfix in French": (
        plain(f"Ceci est le système de messagerie de mx.example.net.\n\nVotre message n'a pas pu être remis à un ou"
              f" plusieurs destinataires.\n\n<{A}>: l'hôte mx.example.net a répondu : 550 5.1.1 <{A}> : adresse"
              " refusée, utilisateur inconnu (en réponse à RCPT TO)\n",
              subject="Courrier non remis, retourné à l'expéditeur"),
        [(A, "hard", "5")],
    ),
    "Postfix in Spanish": (
        plain(f"Este es el sistema de correo de mx.example.net.\n\nNo se pudo entregar su mensaje.\n\n<{A}>: el servidor"
              " dijo: 552 5.2.2 El buzón está lleno\n", subject="Correo no entregado"),
        [(A, "soft", "5")],
    ),
    "Postfix in Japanese": (
        plain(f"このメールは mx.example.net のメールシステムからお送りしています。\n\n次の宛先に配信できませんでした。\n\n<{A}>: 550 5.1.1"
              " 該当するユーザは存在しません\n", subject="メールを配信できません"),
        [(A, "hard", "5")],
    ),
    "Postfix in Korean": (
        plain(f"메일 시스템에서 알려드립니다.\n\n보내신 메일이 아래 주소로 전달되지 못했습니다.\n\n<{A}>: 552 받는 사람의 사서함이 가득 찼습니다\n",
              subject="메일 전송 실패"),
        [(A, "soft", "5")],
    ),
    "Naver, with labels": (
        plain(f"메일이 전송되지 못했습니다.\n받는사람: {A}\n사유: 존재하지 않는 계정입니다. (550 5.1.1)\n",
              sender="postmaster@example.net", subject="메일 발송 실패 안내"),
        [(A, "hard", "5")],
    ),
    "Postfix in Portuguese": (
        plain(f"Sua mensagem não pôde ser entregue.\n\n<{A}>: 550 5.1.1 Usuário desconhecido\n",
              subject="Mensagem não entregue"),
        [(A, "hard", "5")],
    ),
    "Postfix in Italian": (
        plain(f"Impossibile recapitare il messaggio.\n\n<{A}>: 550 5.1.1 Casella inesistente\n",
              subject="Mancato recapito della posta"),
        [(A, "hard", "5")],
    ),
    "Postfix in Russian": (
        plain(f"Сообщение не может быть доставлено.\n\n<{A}>: 550 5.1.1 Пользователь не найден\n",
              subject="Письмо не доставлено"),
        [(A, "hard", "5")],
    ),
    "Postfix in Polish": (
        plain(f"Twoja wiadomość nie mogła zostać dostarczona.\n\n<{A}>: 550 5.1.1 Nieznany użytkownik\n",
              subject="Niedostarczona wiadomość zwrócona do nadawcy"),
        [(A, "hard", "5")],
    ),
    "Lotus Notes": (
        plain(f"Failure Reason\n\nUser ann (ann@example.net) not listed in Domino Directory\n\n"
              f"Your message\n  Subject: Morning Brief\nwas not delivered to:\n  {A}\nbecause:\n"
              "  User ann (ann@example.net) not listed in Domino Directory\n",
              subject="DELIVERY FAILURE: User ann (ann@example.net) not listed in Domino Directory"),
        [(A, "hard", "5")],
    ),
    "Lotus Notes, the disk": (
        plain(f"Your message\n\n  Subject: Morning Brief\n\nwas not delivered to:\n\n  {A}\n\nbecause:\n\n"
              "  Error delivering to EXAMPLE/mail/ann.nsf; mail file has exceeded its quota\n",
              subject="DELIVERY FAILURE: Error delivering to ann.nsf"),
        [(A, "soft", "5")],
    ),
    "Gmail, over quota": (
        fields("452-4.2.2 The recipient's inbox is out of storage space. Please direct the recipient to"
               " https://support.google.com/mail/?p=OverQuotaTemp - gsmtp", "4.2.2", action="delayed"),
        [(A, "soft", "4")],
    ),
    "Gmail, an account asleep": (
        fields("550-5.2.1 The email account that you tried to reach is inactive. - gsmtp", "5.2.1"),
        [(A, "soft", "5")],
    ),
    "Gmail, not authenticated": (
        fields("550-5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all"
               " senders to authenticate with either SPF or DKIM. - gsmtp", "5.7.26"),
        [(A, "block", "5")],
    ),
    "GMX, not in the register": (
        fields("550 Requested action not taken: mailbox unavailable For explanation visit https://postmaster.example/",
               "5.0.0", words=f"<{A}>: host mx00.example.net said: 550 Requested action not taken: mailbox unavailable"
               " (in reply to RCPT TO command)"),
        [(A, "hard", "5")],
    ),
    "GMX, no name for the address": (
        fields("554 No SMTP service Bad DNS PTR resource record.", "5.0.0"),
        [(A, "block", "5")],
    ),
    "Zimbra": (
        fields("550 5.1.1 <ann@example.net>: Recipient address rejected: example.net", "5.1.1"),
        [(A, "hard", "5")],
    ),
    "Dovecot over LMTP, no space": (
        fields("552 5.2.2 <ann@example.net> Quota exceeded (mailbox for user is full)", "5.2.2",
               words=f"<{A}>: host mx.example.net[private/dovecot-lmtp] said: 552 5.2.2 Quota exceeded"
               " (in reply to end of DATA command)"),
        [(A, "soft", "5")],
    ),
    "Sophos, of the sender's reputation": (
        fields("550 5.7.1 Connection refused, sender's IP has a bad reputation", "5.7.1"),
        [(A, "block", "5")],
    ),
    "FortiMail": (
        fields("554 5.7.1 This message has been blocked because it contains FortiSpamshield blocking URL(s)", "5.7.1"),
        [(A, "block", "5")],
    ),
    "Trend Micro": (
        fields("550 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using Trend Micro Email Reputation"
               " Service", "5.7.1"),
        [(A, "block", "5")],
    ),
    "Naver, nobody": (
        fields("550 5.1.1 No such user ann", "5.1.1"),
        [(A, "hard", "5")],
    ),
    "Daum, the reader is long away": (
        fields("554 5.2.1 dormant account", "5.2.1"),
        [(A, "soft", "5")],
    ),
    "QQ, by frequency": (
        fields("450 Mailbox unavailable. Connection frequency limited", "4.0.0", action="delayed"),
        [(A, "soft", "4")],
    ),
    "Haraka, the domain names no server": (
        fields("Domain example.net sends and receives no email (NULL MX)", "5.1.2"),
        [(A, "hard", "5")],
    ),
    "MDaemon": (
        plain(f"The attached message had PERMANENT fatal delivery errors.\n\nFailed address: {A}\n\n"
              "--- Session Transcript ---\n Mon: --> RCPT To:<ann@example.net>\n Mon: <-- 550 <ann@example.net>,"
              " Recipient unknown\n--- End Transcript ---\n",
              sender="MDaemon@mx.example.net", subject="MDaemon Notification -- Your message: Permanent Delivery Failure"),
        [(A, "hard", "5")],
    ),
    "SmarterMail": (
        plain(f"Could not deliver message to the following recipient(s):\n\nFailed Recipient: {A}\nReason: Remote host"
              f" said: 550 #5.1.0 Address rejected.\n\n   -- The header and top 20 lines of the message follows --\n",
              sender='"System Administrator" <postmaster@mx.example.net>', subject="Delivery Failure"),
        [(A, "hard", "5")],
    ),
    "a gateway, two readers in one transcript": (
        plain(f"   ----- The following addresses had permanent fatal errors -----\n<{A}>\n<{B}>\n\n"
              f"   ----- Transcript of session follows -----\n>>> RCPT To:<{A}>\n<<< 550 5.1.1 {A}... User unknown\n"
              f"550 5.1.1 <{A}>... User unknown\n>>> RCPT To:<{B}>\n<<< 552 5.2.2 {B}... Over quota\n"
              f"554 5.0.0 <{B}>... Service unavailable\n",
              sender="Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>",
              subject="Returned mail: see transcript for details"),
        [(A, "hard", "5"), (B, "soft", "5")],
    ),
    "a list that only its members write to": (
        plain(f"Your message to {A} was refused: only members of the list may post.\n",
              sender="list-owner@example.net", subject="Message could not be delivered"),
        [(A, "block", "5")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("report", "wanted"), REPORTS.values(), ids=REPORTS.keys())
def test_a_report_of_a_server_never_met_is_understood(report, wanted):
    """Whom it is about, whether the address is dead, and for how long."""
    found = read_report(report)

    assert [(each.recipient, str(each.report_class), each.status[:1]) for each in found] == wanted
