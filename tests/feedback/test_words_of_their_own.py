"""Reports in words that no rule has whole: a thing, and what is said of it, in the languages of many servers."""

from __future__ import annotations

import re

import pytest

from digest.feedback.read import read_report
from tests.feedback.reports import dsn, group, plain

A = "ann@example.net"
B = "bo@example.net"
STEPS = {
    "helo": " (in reply to EHLO command)",
    "mail": " (in reply to MAIL FROM command)",
    "rcpt": " (in reply to RCPT TO command)",
    "data": " (in reply to end of DATA command)",
    "": "",
}

#: class -> the step that was answered, and the answer. Written before the reader was asked.
ANSWERS = {
    "hard": [
        ("rcpt", "550 Sorry, I have no user by that name"),
        ("rcpt", "550 5.1.1 This email address isn't in use"),
        ("rcpt", "550 Email address was retired in 2019"),
        ("rcpt", "550 the mailbox ann has been purged"),
        ("rcpt", "553 5.3.0 <ann@example.net>... Spambait, no such person"),
        ("rcpt", "550 rejected because of unknown user"),
        ("rcpt", "550 Mailaddress is administratively closed"),
        ("rcpt", "550 5.1.1 Recipient does not appear in our tables"),
        ("rcpt", "550 ungültiger Empfänger"),
        ("rcpt", "550 Empfängeradresse unbekannt"),
        ("rcpt", "550 l'utilisateur est inconnu sur ce serveur"),
        ("rcpt", "550 cuenta inexistente"),
        ("rcpt", "550 destinatario inesistente"),
        ("rcpt", "550 utilizador desconhecido"),
        ("rcpt", "550 brak takiego konta"),
        ("rcpt", "550 Такой почтовый ящик не существует"),
        ("rcpt", "550 ユーザーが存在しません"),
        ("rcpt", "550 メールボックスは利用できません。ユーザー不明"),
        ("rcpt", "550 帐号不存在"),
        ("rcpt", "550 해당 사용자가 존재하지 않습니다"),
        ("rcpt", "550 sorry, no such account here"),
        ("rcpt", "550 5.1.1 ann@example.net is not a known mailbox on this system"),
        ("rcpt", "550 No such user (ann@example.net)"),
        ("rcpt", "550 <ann@example.net> is no valid mailbox"),
        ("rcpt", "550 This mailbox isn't here"),
        ("rcpt", "550 Unknown mailbox"),
        ("rcpt", "550 Mailbox was not found"),
        ("rcpt", "550 #5.1.0 Address rejected."),
        ("rcpt", "550 5.1.0 Address rejected ann@example.net"),
        ("rcpt", "554 5.1.1 The recipient you mailed has ceased to exist"),
        ("rcpt", "550 There is no mailbox for ann@example.net on this host"),
        ("rcpt", "550 That address cannot be found in our database"),
        ("rcpt", "550 5.1.1 RP-001 the email account you tried to reach could not be located"),
        ("rcpt", "551 User has left and forwards nothing"),
        ("rcpt", "550 we have nobody called ann"),
        ("rcpt", "550 ann@example.net: Account was closed by its owner"),
        ("rcpt", "550 cuda_nsu ann@example.net: user unknown"),
        ("rcpt", "511 sorry, no mailbox here by that name (#5.1.1 - chkuser)"),
        ("rcpt", "553 sorry, this recipient is not in my validrcptto list (#5.7.1)"),
        ("rcpt", "550 Invalid address"),
        ("rcpt", "550 5.2.0 the target mailbox was removed"),
        ("rcpt", "550 Address not present in directory"),
        ("rcpt", "550 LDAP says: no entry for ann"),
        ("rcpt", "550 Mail address ann@example.net was cancelled"),
        ("rcpt", "550 RCPT ann@example.net: not existing"),
        ("rcpt", "550 nonexistent user"),
        ("rcpt", "550 not a deliverable address"),
        ("rcpt", "550 5.1.1 Kein Postfach mit diesem Namen"),
        ("rcpt", "550 Benutzer ist nicht bekannt"),
        ("rcpt", "550 Das Postfach gibt es hier nicht"),
        ("rcpt", "550 Boîte aux lettres inexistante"),
        ("rcpt", "550 5.1.1 Adresse d'au moins un destinataire invalide. LPN 416"),
        ("rcpt", "550 Cet utilisateur n'est plus chez nous"),
        ("rcpt", "550 Buzón inexistente"),
        ("rcpt", "550 El usuario indicado no está registrado"),
        ("rcpt", "550 Utente non trovato"),
        ("rcpt", "550 Caixa postal desconhecida"),
        ("rcpt", "550 Użytkownik nie istnieje"),
        ("rcpt", "550 Gebruiker niet gevonden"),
        ("rcpt", "550 Okänd mottagare"),
        ("rcpt", "550 Kullanıcı bulunamadı"),
        ("rcpt", "550 Uživatel neexistuje"),
        ("rcpt", "550 Пользователь не зарегистрирован"),
        ("rcpt", "550 Такого пользователя нет"),
        ("rcpt", "550 指定されたメールアドレスは存在しません"),
        ("rcpt", "550 宛先のメールアドレスが見つかりません"),
        ("rcpt", "550 用户未找到"),
        ("rcpt", "550 收件人不存在"),
        ("rcpt", "550 없는 메일 주소입니다"),
        ("rcpt", "550 사용자를 찾을 수 없습니다"),
        ("rcpt", "550 المستخدم غير معروف"),
        ("", "5.1.2 Bad destination domain: host or domain unknown"),
        ("", "5.4.4 Host or domain name not found. Name service error for name=nowhere.example type=A: Host not found"),
        ("", "550 Domain nowhere.example has no entry in the DNS"),
        ("", "554 5.4.4 nowhere.example: no such domain exists"),
        ("", "556 5.1.10 Recipient address has null MX"),
        ("", "550 5.1.6 Mailbox has moved, no forwarding address"),
        ("rcpt", "551 5.7.1 User not local; please try ann@example.com"),
        ("rcpt", "550 Account for ann has been permanently removed"),
        ("", "550 5.1.1 recipient rejected"),
        ("data", "550 5.1.1 ann@example.net: mailbox unavailable"),
        ("rcpt", "550 Ungültige Empfängeradresse"),
        (
            "rcpt",
            "550 5.1.1 RCP-P1 https://www.facebook.example/postmaster/response_codes?ip=192.0.2.7#rcp The attempted recipient address does not exist",
        ),
        ("rcpt", "550 5.1.1 <ann@example.net> User not found; rejecting"),
        ("rcpt", "550 5.1.1 Not our Customer"),
        ("rcpt", "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]"),
        ("rcpt", "550 Requested action not taken: mailbox unavailable invalid DNS MX or A/AAAA resource record"),
        ("rcpt", "550 Account not exist"),
        ("rcpt", "550 User not found: ann@example.net"),
        ("rcpt", "550 Mailbox not found. http://service.mail.example/cgi-bin/help?id=20022"),
        ("", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ann@example.net not found by SMTP address lookup"),
        ("", "550 5.1.351 Remote server returned unknown recipient or mailbox unavailable -> 550 5.1.1 User Unknown"),
        ("rcpt", "550-5.1.1 The email account that you tried to reach does not exist. NoSuchUser"),
        ("rcpt", "550 No such domain at this location (ann@example.net)"),
        ("rcpt", "550 Unrouteable address"),
        ("rcpt", "550 Unknown recipient ann@example.net"),
        ("rcpt", "550 5.1.1 <ann@example.net>... Bad destination email address 'reject'"),
        (
            "rcpt",
            "550 5.1.1 <ann@example.net>: Recipient address rejected: undeliverable address: host mx[192.0.2.3] said: 550 no such user (in reply to RCPT TO command)",
        ),
        ("rcpt", "550 5.7.1 No such user!"),
        ("rcpt", "550 #5.1.0 Address rejected ann@example.net"),
        ("", "[Status: Error] 554 5.4.4 SMTPSEND.DNS.NonExistentDomain; nonexistent domain"),
        ("rcpt", "501 5.1.3 Bad recipient address syntax"),
        ("rcpt", "550 Invalid recipient ann@example.net (Mode: normal)"),
        ("rcpt", "554 5.1.1 <ann@example.net>: Recipient address rejected: User unknown in virtual mailbox table"),
        ("rcpt", "551 no mailbox here by that name (#5.7.17)"),
        ("rcpt", "550 5.1.1 No mailbox registered under that name"),
        ("rcpt", "550 the person you are writing to has no account with us"),
        ("rcpt", "550 mail to ann@example.net cannot be delivered: user retired"),
        ("rcpt", "550 this account has been cancelled by the subscriber"),
        ("rcpt", "550 recipient is not one of ours"),
        ("rcpt", "550 Empfänger existiert bei uns nicht"),
        ("rcpt", "550 Die Adresse ann@example.net wurde nicht gefunden"),
        ("rcpt", "550 Destinataire introuvable"),
        ("rcpt", "550 Cette adresse n'existe pas"),
        ("rcpt", "550 El buzón no existe"),
        ("rcpt", "550 La dirección de destino no es válida"),
        ("rcpt", "550 L'indirizzo non esiste"),
        ("rcpt", "550 Endereço inexistente"),
        ("rcpt", "550 Nie ma takiego użytkownika"),
        ("rcpt", "550 Mottagaren finns inte"),
        ("rcpt", "550 Böyle bir kullanıcı yok"),
        ("rcpt", "550 Адресат неизвестен"),
        ("rcpt", "550 Почтовый ящик удалён"),
        ("rcpt", "550 受信者が存在しません"),
        ("rcpt", "550 このメールアドレスは使われておりません"),
        ("rcpt", "550 邮箱地址不存在"),
        ("rcpt", "550 解約済みのアカウントです"),
        ("rcpt", "550 존재하지 않는 사용자입니다"),
        ("rcpt", "550 탈퇴한 회원입니다"),
        ("rcpt", "550 5.1.1 Alias ann undefined"),
        ("rcpt", "553 no such mail recipient at this host"),
        ("rcpt", "550 RCPT rejected, addressee not on roster"),
        ("", "5.1.2 the hostname part of the address is not registered"),
        ("", "550 Could not deliver: the domain of the addressee has lapsed and is not in DNS"),
        ("", "550 5.1.1 Unallocated address"),
    ],
    "soft": [
        ("rcpt", "552 User quota has been surpassed"),
        ("rcpt", "452 Recipient has run out of disk quota"),
        ("rcpt", "552 Das Postfach des Empfängers hat sein Limit erreicht"),
        ("rcpt", "552 boîte vocale et mail pleines"),
        ("rcpt", "552 buzón sin espacio disponible"),
        ("rcpt", "552 la casella ha superato la quota"),
        ("rcpt", "552 사서함 저장 용량을 초과했습니다"),
        ("rcpt", "451 4.2.0 temporarily unable to look up the recipient"),
        ("rcpt", "421 4.7.0 slow down please"),
        ("rcpt", "550 mailbox access suspended by administrator"),
        ("data", "550 no such user here"),
        ("", "4.4.1 host unreachable, giving up on it after 4 days"),
        ("rcpt", "552 5.2.2 The mailbox you are writing to has no room left"),
        ("rcpt", "452 4.2.2 Over quota"),
        ("data", "552 Mail file of ann is at its size limit"),
        ("rcpt", "550 Inbox has reached its maximum size"),
        ("rcpt", "550 5.7.1 recipient mailbox is over its storage allowance"),
        ("rcpt", "422 The recipient's mailbox is above its quota"),
        ("rcpt", "554 Postfach ist zur Zeit voll"),
        ("rcpt", "552 La boîte de réception est pleine"),
        ("rcpt", "552 La casilla está llena"),
        ("rcpt", "552 Casella di posta piena"),
        ("rcpt", "552 Caixa de entrada cheia"),
        ("rcpt", "552 Почтовый ящик переполнен"),
        ("rcpt", "552 受信者のメールボックスの容量が超過しています"),
        ("rcpt", "552 对方邮箱空间已满"),
        ("rcpt", "552 메일함 용량이 가득 찼습니다"),
        ("rcpt", "552 Skrzynka jest pełna"),
        ("data", "552 5.3.4 Message is 30 MB, at most 10 MB are allowed"),
        ("data", "552 your mail exceeds the limit of 20480000 bytes"),
        ("rcpt", "451 4.7.1 Please come again in five minutes, you are greylisted"),
        ("rcpt", "450 4.7.1 Client host not yet known, delayed for 300 s"),
        ("rcpt", "451 DNS trouble, unable to check sender now"),
        ("helo", "421 4.3.2 Too many open connections from you"),
        ("data", "451 4.3.0 Error: queue file write error"),
        ("data", "452 4.3.1 Out of space"),
        ("", "4.4.1 connect to mx.example.net[192.0.2.1]:25: Operation timed out"),
        ("", "4.4.7 unable to deliver this message after 72 hours"),
        ("", "5.4.6 Mail is going round in circles: more than 25 hops"),
        ("rcpt", "550 5.2.1 this account is on hold for non-payment"),
        ("rcpt", "550 Account locked after too many bad logins"),
        ("rcpt", "554 mailbox has been set inactive, owner did not log in for a year"),
        ("data", "550 5.2.0 user unknown"),
        ("data", "550 Unknown user"),
        ("data", "554 5.3.0 cannot append message to destination file /var/mail/ann"),
        ("data", "451 4.2.0 Local error in processing, try again"),
        ("rcpt", "450 4.1.1 mailbox temporarily not available"),
        ("rcpt", "450 too many mails from your domain today"),
        ("", "554 5.0.0 Mailer died with signal 11"),
        ("rcpt", "452 4.1.1 RCP-T4 https://www.facebook.example/postmaster/response_codes"),
        ("rcpt", "451 Resources temporarily not available - Please try again later [#4.16.5]."),
        ("rcpt", "421 Message from (192.0.2.7) temporarily deferred - 4.16.50"),
        ("rcpt", "550 5.2.1 ann@example.net Account not available"),
        ("rcpt", "452 4.1.1 requested action aborted: try again later - HVU"),
        ("rcpt", "552 5.1.1 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]"),
        (
            "helo",
            "421 mwinf5c04 ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR004_104 [104]",
        ),
        ("rcpt", "450 Requested mail action not taken: mailbox unavailable Reason: greylisting"),
        ("rcpt", "451 RP:CEL 163 mx1"),
        ("helo", "421 HL:ICC 163 mx10"),
        ("data", "550 Domain frequency limited [192.0.2.7]"),
        ("data", "550 Message is too large, size exceeded limit"),
        (
            "",
            "550 5.7.232 Your message can't be sent because your tenant exceeded its daily limit for sending email to external recipients",
        ),
        ("", "550 4.4.7 QUEUE.Expired; message expired"),
        ("", "554 5.2.0 STOREDRV.Deliver; delivery result banner"),
        ("", "432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded"),
        ("", "554 5.4.14 Hop count exceeded - possible mail loop ATTR34"),
        (
            "rcpt",
            "450-4.2.1 The user you are trying to contact is receiving email at a rate that prevents additional messages",
        ),
        ("rcpt", "550-5.2.1 The user you are trying to contact is receiving email at a rate"),
        ("rcpt", "550 ann@example.net: Recipient address rejected: Mailbox is full / Blad: skrzynka zapelniona"),
        ("rcpt", "452 <ann@example.net> Mailbox size limit exceeded"),
        (
            "rcpt",
            "450 4.1.1 <ann@example.net>: Recipient address rejected: unverified address: connect to mx[192.0.2.3]:25: Connection refused",
        ),
        ("rcpt", "451 4.3.5 <ann@example.net>: Recipient address rejected: Server configuration problem"),
        ("data", "554 5.3.4 Error: message file too big"),
        ("", "delivery temporarily suspended: connect to mx.example.net[192.0.2.1]:25: Connection timed out"),
        ("rcpt", "451 Recipient limit exceeded. Please try again"),
        ("rcpt", "451 Greylisting in action, please come back later"),
        ("rcpt", "452 there is no space left for ann's letters"),
        ("rcpt", "552 Speicherplatz des Empfängers erschöpft"),
        ("rcpt", "552 L'espace de stockage du destinataire est saturé"),
        ("rcpt", "552 Cuota de disco superada"),
        ("rcpt", "552 Spazio esaurito nella casella"),
        ("rcpt", "552 Превышена квота почтового ящика"),
        ("rcpt", "552 受信箱がいっぱいです"),
        ("rcpt", "552 收件箱已满"),
        ("rcpt", "552 수신자의 메일함이 가득 찼습니다"),
        ("data", "552 Your letter weighs more than we carry: limit is 25 MB for a message"),
        ("rcpt", "451 4.7.1 First time we see you, retry in 10 minutes"),
        ("rcpt", "450 4.3.2 Service is shutting down"),
        ("data", "451 4.3.0 Antivirus scanner not running, come back"),
        ("", "4.4.2 conversation with mx.example.net broke off while sending message body"),
        ("", "5.4.7 given up after five days"),
        ("rcpt", "550 5.2.1 Kontosperrung durch Administrator"),
        ("rcpt", "550 Compte désactivé pour inactivité"),
        ("rcpt", "550 Konto zostało zablokowane"),
        ("rcpt", "550 Учетная запись заблокирована"),
        ("rcpt", "550 휴면 계정입니다"),
    ],
    "block": [
        ("helo", "554 192.0.2.7 is in a blocklist of ours"),
        ("helo", "521 we do not talk to dynamic hosts"),
        ("data", "550 Sorry, this looks like a bulk advertisement"),
        ("data", "554 Virus-Verdacht in der Anlage"),
        ("mail", "550 domain of the sender could not be verified"),
        ("mail", "553 sender is spoofing one of our own domains"),
        ("rcpt", "550 relaying to ann@example.net prohibited by administrator"),
        ("data", "550 5.7.1 no DKIM signature and SPF neutral"),
        ("rcpt", "550 5.7.1 sender's server has no reverse mapping"),
        ("data", "550 Contenu du message refusé par la politique du site"),
        ("data", "550 rechazado por política de seguridad"),
        ("data", "550 отклонено политикой безопасности"),
        ("data", "550 ポリシーにより拒否されました"),
        ("rcpt", "550 Сервер отправителя находится в черном списке"),
        ("helo", "554 5.7.1 We do not want mail from 192.0.2.7; see our list of bad hosts"),
        ("helo", "554 Your address 192.0.2.7 appears on a DNS blackhole list"),
        ("rcpt", "550 5.7.1 Rejected: 192.0.2.7 listed at dnsbl.example.com"),
        ("rcpt", "554 5.7.1 Service denied, see http://example.com/lookup?192.0.2.7"),
        ("data", "550 High spam probability (12.4 points)"),
        ("data", "554 5.7.1 message looks like junk"),
        ("data", "550 5.7.1 Content rejected by our policy engine"),
        ("data", "552 5.7.0 Our guidelines prohibit this attachment type"),
        ("data", "554 Contains Eicar-Test-Signature (malicious code)"),
        ("mail", "553 5.1.8 the sender's domain has neither MX nor A"),
        ("mail", "550 bounce address is not reachable: callout to mx.example.org refused"),
        ("mail", "550 5.7.23 SPF says your host may not send this"),
        ("data", "550 5.7.1 signature missing: all mail must carry a valid DomainKeys Identified Mail signature"),
        ("helo", "550 EHLO argument does not resolve, fix your DNS"),
        ("helo", "554 no pointer record for 192.0.2.7, go and get one"),
        ("rcpt", "550 we don't forward mail for strangers"),
        ("rcpt", "553 5.7.1 no third party relaying here"),
        ("rcpt", "530 5.7.0 log in first"),
        ("mail", "530 Must use TLS before MAIL"),
        ("rcpt", "550 5.7.1 only staff may write to this list"),
        ("rcpt", "550 ann does not want mail from you"),
        ("data", "550 5.6.0 header section has two Subject lines"),
        ("data", "554 Refused: your sending host has earned a low trust rating"),
        ("rcpt", "554 5.7.1 mail from your country is not taken"),
        ("data", "550 Nachricht wurde als Spam eingestuft"),
        ("data", "550 Message refusé : contenu indésirable"),
        ("data", "550 Mensaje rechazado por contenido no deseado"),
        ("helo", "554 Ihre IP-Adresse steht auf einer Sperrliste"),
        ("data", "554 メッセージはスパムと判定されました"),
        ("data", "550 该邮件被判定为垃圾邮件"),
        ("rcpt", "550 스팸메일 발송 IP로 차단되었습니다"),
        ("data", "550 Письмо похоже на спам"),
        ("helo", "421 4.7.0 Low reputation, service not available for you"),
        ("data", "554 5.7.5 Permanent failure, sender failed authentication"),
        ("rcpt", "550 5.7.1 Command rejected by our firewall"),
        ("mail", "550 5.1.7 address of sender is malformed"),
        ("data", "550 5.7.1 POL-P7 https://www.facebook.example/postmaster/response_codes#pol"),
        ("rcpt", "421 4.7.1 POL-T2 https://www.facebook.example/postmaster/response_codes#pol"),
        ("", "553 5.7.2 [TSS09] All messages from 192.0.2.7 will be permanently deferred; Retrying will NOT succeed."),
        (
            "helo",
            "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.7, because the ip is in Spamhaus's list",
        ),
        ("data", "554 Message not allowed - [PH01] Email not accepted for policy reasons."),
        ("helo", "554 mx.example.net ESMTP server not available 192.0.2.7 - BL000001"),
        ("rcpt", "550 5.7.1 Recipient not authorized, your IP has been found on a block list"),
        (
            "helo",
            "554 IB103 - Connection refused. 192.0.2.7 has a poor reputation on Cloudmark Sender Intelligence (CSI).",
        ),
        ("data", "552 5.2.0 RC0r1n Message rejected as spam by Content Filtering."),
        ("helo", "550 IP name forged for 192.0.2.7"),
        ("data", "550 5.7.1 Mail rejete. Mail rejected. OFR_506 [506]"),
        ("helo", "554 5.7.1 Client host rejected. LPN007_403"),
        (
            "helo",
            "554-kundenserver.example (mxeue) Nemesis ESMTP Service not available 554-No SMTP service 554 IP address is black listed.",
        ),
        ("data", "550 Reject due to policy restrictions. For explanation visit http://postmaster.example/error"),
        ("data", "554 Transaction failed Reject due to policy violations."),
        ("rcpt", "553 Requested action not taken: Local user only"),
        ("data", "554 DT:SPM 126 smtp5,jdKowEDJa0ezT"),
        ("data", "550 MI:SPF 163 mx11"),
        ("mail", "553 MI:SPB 163 mx"),
        ("data", "550 Suspected spam ip"),
        ("rcpt", "550 Mailbox unavailable or access denied [192.0.2.7]"),
        ("", "550 5.7.124 RESOLVER.RST.SenderNotInAllowedSenders; sender not in allowed-senders list"),
        ("", "550 5.7.64 TenantAttribution; Relay Access Denied [ValidationStatus of '' is 'EmptyCertificate']"),
        ("", "550 5.7.501 Service unavailable. Spam abuse detected from IP range"),
        ("", "550 5.7.511 Access denied, banned sender[192.0.2.7]. To request removal from this list"),
        ("", "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP"),
        ("data", "550-5.7.1 [192.0.2.7 12] Our system has detected that this message is likely unsolicited mail."),
        ("data", "552-5.7.0 This message was blocked because its content presents a potential security issue."),
        ("", "550 permanent failure for one or more recipients (ann@example.net:blocked)"),
        ("rcpt", "554 5.7.1 <mail.example.org[192.0.2.7]>: Client host rejected: Access denied"),
        ("mail", "550 5.1.8 Access denied, bad outbound sender"),
        ("rcpt", "451 4.1.8 Domain of sender address digest@news.example.org does not resolve"),
        ("rcpt", "550 #5.7.1 Your access to submit messages to this e-mail system has been rejected."),
        ("rcpt", "554 5.7.1 <ann@example.net>: Relay access denied"),
        ("data", "550 This message was classified as SPAM and may not be delivered (Mode: normal)"),
        ("mail", "550 Envelope blocked - User Entry - https://community.mimecast.example"),
        ("helo", "550 csi.mimecast.example Poor Reputation Sender."),
        ("rcpt", "550 Administrative prohibition - envelope blocked"),
        ("rcpt", "550 Protocol error: sender verify failed"),
        ("helo", "554 5.7.1 Host found on our naughty list, contact postmaster"),
        ("helo", "550 Votre adresse IP est sur liste noire"),
        ("helo", "550 Su IP está bloqueada"),
        ("helo", "554 Ваш IP-адрес внесён в чёрный список"),
        ("helo", "554 接続元IPアドレスは拒否されました"),
        ("helo", "550 您的IP已被列入黑名单"),
        ("helo", "550 발송 IP가 차단 목록에 있습니다"),
        ("data", "550 This letter smells of spam"),
        ("data", "550 Messaggio indesiderato"),
        ("data", "550 Wiadomość uznana za spam"),
        ("data", "554 5.7.1 Inhalt verletzt unsere Richtlinien"),
        ("data", "554 5.7.1 attachments ending in .exe are forbidden"),
        ("mail", "550 Absender abgelehnt"),
        ("mail", "550 Expéditeur refusé"),
        ("mail", "501 5.1.7 sender mailbox syntax"),
        ("rcpt", "550 5.7.1 we relay only for customers"),
        ("data", "550 5.7.26 DMARC evaluation says reject"),
        ("data", "550 DKIM-Signature fehlt"),
        ("rcpt", "550 5.7.2 this list accepts letters from subscribers only"),
    ],
}


@pytest.mark.parametrize("wanted", ANSWERS)
def test_an_answer_in_words_of_its_own_is_understood(wanted):
    """Whether the address is dead, cannot be reached now, or the mail was not wanted."""
    read = {(step, said): str(read_report(report_of(step, said))[0].report_class) for step, said in ANSWERS[wanted]}

    assert {answer: found for answer, found in read.items() if found != wanted} == {}


def report_of(step: str, said: str) -> bytes:
    """Return a report of RFC 3464 about *said*; its code is the one that the words have, as servers make it."""
    written = re.search(r"[245]\.\d+\.\d+", said)
    first = re.search(r"[245]\d\d", said)
    status = written[0] if written else f"{first[0][0] if first else '4'}.0.0"
    return dsn(group(said + STEPS[step], status=status))


#: kind of server, subject, sender, words -> (recipient, class)
LETTERS = {
    "James": (
        "Re: hello",
        "Postmaster <postmaster@mx.example.org>",
        f"""Hi. This is the James mail server at mx.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.  Below
I include the list of recipients and the reason why I was unable to deliver
your message.

Failed recipient(s):
{A}

Error message:
550 5.1.1 {A} does not live here

Message details:
  Subject: hello
""",
        [(A, "hard")],
    ),
    "AOL": (
        "Returned mail: User unknown",
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.org>",
        f"""The original message was received at Mon, 23 Nov 2026 10:00:00 GMT
from mx [192.0.2.1]

   ----- The following addresses had permanent fatal errors -----
<{A}>

   ----- Transcript of session follows -----
... while talking to air.example.net.:
>>> RCPT To:<{A}>
<<< 550 MAILBOX NOT FOUND
550 <{A}>... User unknown
""",
        [(A, "hard")],
    ),
    "Biglobe": (
        "Returned mail: user mailbox full",
        "Postmaster@mx.example.jp",
        f"""   ----- The following addresses had delivery problems -----
{A}

   ----- Non-delivered information -----
The number of messages in recipient's mailbox exceeded the local limit.
""",
        [(A, "soft")],
    ),
    "EZweb": (
        "Mail System Error - Returned Mail",
        "<Postmaster@mx.example.jp>",
        f"""The user(s) account is temporarily limited.

<{A}>
""",
        [(A, "soft")],
    ),
    "EZweb remote": (
        "Mail System Error - Returned Mail",
        "<Postmaster@mx.example.jp>",
        f"""Each of the following recipients was rejected by a remote mail server.

    Recipient: <{A}>
    >>> RCPT TO:<{A}>
    <<< 550 <{A}>: User unknown
""",
        [(A, "hard")],
    ),
    "Exchange 2000": (
        "Undeliverable: hello",
        "System Administrator <postmaster@mx.example.org>",
        f"""Your message

  To:      {A}
  Subject: hello
  Sent:    Mon, 23 Nov 2026 10:00:00 +0900

did not reach the following recipient(s):

{A} on Mon, 23 Nov 2026 10:01:00 +0900
    The recipient name is not recognized
	The MTS-ID of the original message is: c=jp;a= ;p=x
;l=EXCHANGE0000
    MSEXCH:IMS:EXAMPLE:SITE:HOST 0 (000C05A6) Unknown Recipient
""",
        [(A, "hard")],
    ),
    "Exchange 2000 full": (
        "Undeliverable: hello",
        "System Administrator <postmaster@mx.example.org>",
        f"""Your message

  To:      {A}
  Subject: hello

did not reach the following recipient(s):

{A} on Mon, 23 Nov 2026 10:01:00 +0900
    The message reached the recipient's e-mail system, but delivery was
refused.  Attempt to resend the message.  If it still fails, contact your system administrator.
            < mx.example.net #5.2.2 smtp;550 5.2.2 mailbox storage allocation exceeded>
""",
        [(A, "soft")],
    ),
    "Exchange 2010": (
        "Undeliverable: hello",
        "Microsoft Outlook <postmaster@example.net>",
        f"""Delivery has failed to these recipients or groups:

{A}
The e-mail address you entered couldn't be found. Please check the recipient's e-mail address and try to resend the message.

Diagnostic information for administrators:

Generating server: ex1.example.net

{A}
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##

Original message headers:

Received: from x
""",
        [(A, "hard")],
    ),
    "GMX": (
        "Mail delivery failed: returning message to sender",
        "GMX Mailer Daemon <mailer-daemon@mx.example.org>",
        f"""This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of
its recipients. This is a permanent error. The following address
failed:

"{A}":
SMTP error from remote server after RCPT command:
host: mx.example.net
5.1.1 <{A}> nobody of that name
""",
        [(A, "hard")],
    ),
    "1&1": (
        "Mail delivery failed: returning message to sender",
        "Mail Delivery System <mailer-daemon@mx.example.org>",
        f"""This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of
its recipients. The following addresses failed:

<{A}>:
For the following reason:

Mail size limit exceeded. For explanation visit
http://postmaster.example/en/error?l=size

--- The header of the original message is following. ---
""",
        [(A, "soft")],
    ),
    "IMail": (
        "Undeliverable Mail",
        "Postmaster <postmaster@mx.example.org>",
        f"""Unknown user: {A}

RCPT TO generated following response:
550 5.1.1 <{A}>... User unknown

Original message follows.
""",
        [(A, "hard")],
    ),
    "IMail full": (
        "Undeliverable Mail",
        "Postmaster <postmaster@mx.example.org>",
        f"""User mailbox exceeds allowed size: {A}

Original message follows.

Received: x
""",
        [(A, "soft")],
    ),
    "IMail attempts": (
        "Undeliverable Mail",
        "Postmaster <postmaster@mx.example.org>",
        f"""delivery failed 20 attempts: {A}

Original message follows.
""",
        [(A, "soft")],
    ),
    "InterScan": (
        "Mail could not be delivered",
        "InterScan MSS <postmaster@mx.example.org>",
        f"""Sent <<< RCPT TO:<{A}>
Received >>> 550 5.1.1 <{A}>... user unknown
Unable to deliver message to <{A}>
""",
        [(A, "hard")],
    ),
    "KDDI": (
        "Mail System Error - Returned Mail",
        "<Postmaster@mx.example.jp>",
        f"""Your mail sent on: Mon, 23 Nov 2026 10:00:00 +0900
     Could not be delivered to: <{A}>
     As their mailbox is full.
""",
        [(A, "soft")],
    ),
    "MailFoundry": (
        "Message delivery has failed",
        "Postmaster <postmaster@mx.example.org>",
        f"""Unable to deliver message to: <{A}>
Delivery failed for the following reason:
Server mx.example.net[192.0.2.2] failed with: 550 <{A}> No such user here

This has been a permanent failure.  No further delivery attempts will be made.
""",
        [(A, "soft")],
    ),
    "MailMarshal": (
        "Undeliverable Mail: hello",
        "MailMarshal <postmaster@mx.example.org>",
        f"""Your message:
   From:    digest@news.example.org
   Subject: hello

Could not be delivered because of

550 5.1.1 User unknown

The following recipients were affected:
    {A}

Additional Information
======================
Original Sender:    <bounce@news.example.org>
""",
        [(A, "hard")],
    ),
    "Sun Messaging": (
        "Delivery Notification: Delivery has failed",
        "Internet Mail Delivery <postmaster@mx.example.jp>",
        f"""This report relates to a message you sent with the following header fields:

  Message-id: <x@news.example.org>
  To: {A}
  Subject: hello

Your message cannot be delivered to the following recipients:

  Recipient address: {A}
  Reason: Remote SMTP server has rejected address
  Diagnostic code: smtp;550 5.1.1 <{A}>... User Unknown
  Remote system: dns;mx.example.net (TCP|192.0.2.1|1|192.0.2.2|25)
""",
        [(A, "hard")],
    ),
    "mFILTER": (
        "failure notice",
        "<postmaster@mx.example.jp>",
        f"""以下のメールアドレスへの送信に失敗しました。
{A}

-------server message
550 5.1.1 unknown user <{A}>
-------original message
From: x
""",
        [(A, "hard")],
    ),
    "SurfControl": (
        "MESSAGE NOT DELIVERED: hello",
        "SMTP Agent <postmaster@mx.example.org>",
        f"""Your message could not be sent.
A transcript of the attempts to send the message follows.
The number of attempts made: 1
Addressed To: {A}

Mon 23 Nov 2026 23:34:45 +0900
Failed to send to identified host,
{A}: [192.0.2.2], 550 kijitora: no such person
--- Message non-deliverable.
""",
        [(A, "soft")],
    ),
    "X2": (
        "Delivery failure",
        "MAILER-DAEMON@mx.example.org",
        f"""Unable to deliver message to the following address(es).

<{A}>:
This user doesn't have a example.net account ({A}) [0]
""",
        [(A, "soft")],
    ),
    "X3": (
        "Delivery status notification",
        "Mail Delivery System <>",
        f"""============================================================================
      This is an automatically generated Delivery Status Notification.

Delivery to the following recipients was aborted after 4.0 hour(s):

  * {A}

============================================================================
""",
        [(A, "soft")],
    ),
    "X3 rcpt": (
        "Delivery status notification",
        "Mail Delivery System <>",
        f"""============================================================================
      This is an automatically generated Delivery Status Notification.

Delivery to the following recipients failed permanently:

  * {A}
SMTP:Rcpt error: 550 Unknown user

============================================================================
""",
        [(A, "hard")],
    ),
    "X6": (
        "There was an error sending your mail",
        "mail system <postmaster@mx.example.org>",
        f"""We had trouble delivering your message. Full details follow:

Subject: 'hello'
Date: 'Mon, 23 Nov 2026 10:00:00 +0900'

1 error(s):

SMTP Server <mx.example.net> rejected recipient <{A}> (Error following RCPT command). It responded as follows: [550 5.1.1 User unknown]

""",
        [(A, "hard")],
    ),
    "Zoho": (
        "Undelivered Mail Returned to Sender",
        "mailer-daemon@mail.example.org",
        f"""This message was created automatically by mail delivery software.
 A message that you sent could not be delivered to one or more of its recipients. This is a permanent error.

{A} Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 <{A}>... User Unknown

Received:from mail.example.org
""",
        [(A, "hard")],
    ),
    "Zoho later": (
        "Mail Delivery Status Notification (Delay)",
        "mailer-daemon@mail.example.org",
        f"""This message was created automatically by mail delivery software.
A message that you sent could not be delivered to one or more of its recipients. This is a temporary error.

{A} [Status: Error, Address: <{A}>, ResponseCode 421, , Host not reachable.]
""",
        [(A, "soft")],
    ),
    "v5 sendmail": (
        "Returned mail: Host unknown (Name server: host not found)",
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.org>",
        f"""   ----- Transcript of session follows -----
550 {A}... Host unknown (Name server: host not found)

   ----- Unsent message follows -----
Received: x
""",
        [(A, "hard")],
    ),
    "v5 sendmail deferred": (
        "Returned mail: Cannot send message for 3 days",
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.org>",
        f"""   ----- Transcript of session follows -----
421 example.net (smtp)... Deferred: Connection timed out during user open with example.net

   ----- Unsent message follows -----
Received: x
To: {A}
""",
        [(A, "soft")],
    ),
    "sendmail mailer": (
        "Returned mail: unknown mailer error 255",
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.org>",
        f"""   ----- The following addresses had permanent fatal errors -----
"|/usr/local/bin/prog"
    (expanded from: <{A}>)

   ----- Transcript of session follows -----
554 5.3.0 unknown mailer error 255
""",
        [(A, "soft")],
    ),
    "Lotus Notes": (
        "Delivery Failure Report",
        "postmaster@mx.example.org",
        f"""------- Failure Reasons  --------

User not listed in public Name & Address Book
{A}

------- Returned Message --------

Received: x
""",
        [(A, "hard")],
    ),
    "GroupWise": (
        "Message status - undeliverable",
        "Mailer-Daemon@gw.example.net",
        f"""The message that you sent was undeliverable to the following:
	{A} (user not found)

Possibly truncated original message follows:
""",
        [(A, "hard")],
    ),
    "GroupWise full": (
        "Message status - undeliverable",
        "Mailer-Daemon@gw.example.net",
        f"""The message that you sent was undeliverable to the following:
	{A} (mailbox is full)
""",
        [(A, "soft")],
    ),
    "hMailServer": (
        "Message undeliverable: hello",
        "mailer-daemon@mx.example.org",
        f"""Your message did not reach some or all of the intended recipients.

   Sent: Mon, 23 Nov 2026 10:00:00 +0100
   Subject: hello

The following recipient(s) could not be reached:

{A}
   Error Type: SMTP
   Remote server (192.0.2.2) issued an error.
   hMailServer sent: RCPT TO:<{A}>
   Remote server replied: 550 No such user here

hMailServer
""",
        [(A, "hard")],
    ),
    "Smail": (
        "mail failed, returning to sender",
        "<MAILER-DAEMON@mx.example.org>",
        f"""|------------------------- Message log follows: -------------------------|
 no valid recipients were found for this message
|------------------------- Failed addresses follow: ---------------------|
 <{A}> ... unknown host
|------------------------- Message text follows: ------------------------|
Received: x
""",
        [(A, "hard")],
    ),
    "MMDF": (
        "Failed mail (msg.aa123)",
        "Memo Service <mmdf@mx.example.org>",
        f"""Your message could not be delivered to
'{A} (host: example.net) (queue: smtp)' for the following
reason:  ' Sorry, no such mailbox'

    Your message follows:

Received: x
""",
        [(A, "hard")],
    ),
    "NetEase": (
        "退信通知",
        "Postmaster <Postmaster@mx.example.com>",
        f"""抱歉，您的邮件被退回来了……
原邮件信息：
时间：2026-11-23 10:00:00
主题：hello
收件人：{A}
退信原因：
SMTP error, RCPT TO: host mx.example.net said: 550 User suspended
""",
        [(A, "soft")],
    ),
    "NetEase nobody": (
        "退信通知",
        "Postmaster <Postmaster@mx.example.com>",
        f"""抱歉，您的邮件被退回来了……
收件人：{A}
退信原因：
SMTP error, RCPT TO: 550 User not found: {A}
""",
        [(A, "hard")],
    ),
    "QQ": (
        "来自qq.com的退信",
        "<postmaster@qq.example>",
        f"""抱歉，您的邮件被退回来了

退信原因 收件人邮件地址（{A}）不存在，邮件无法送达。
host mx.example.net said: 550 5.1.1 Mailbox not found (in reply to RCPT TO command)
""",
        [(A, "hard")],
    ),
    "Gmail localized": (
        "Delivery Status Notification (Failure)",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        f"""** Adresse nicht gefunden **

Ihre Nachricht wurde nicht an {A} zugestellt, weil die Adresse nicht gefunden wurde oder keine E-Mails empfangen kann.

Die Antwort lautet:

550 5.1.1 The email account that you tried to reach does not exist.
""",
        [(A, "hard")],
    ),
    "Gmail blocked": (
        "Delivery Status Notification (Failure)",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        f"""** Nachricht blockiert **

Ihre Nachricht an {A} wurde blockiert. Die technischen Details finden Sie unten.

Die Antwort des Remote-Servers lautete:

554 5.7.1 Spam message rejected
""",
        [(A, "block")],
    ),
    "Yahoo MTA": (
        "Failure Notice",
        "MAILER-DAEMON@yahoo.example",
        f"""Sorry, we were unable to deliver your message to the following address.

<{A}>:
Remote host said: 550 5.1.1 <{A}> User not found; rejecting [RCPT_TO]

--- Below this line is a copy of the message.
""",
        [(A, "hard")],
    ),
    "Kerio": (
        "Delivery Status Notification (Failure)",
        "Mail Delivery Subsystem <postmaster@mx.example.org>",
        f"""Your message

   Subject: hello

could not be delivered to the following recipients:

   <{A}>: Remote SMTP server said 550 5.1.1 Mailbox <{A}> is not known here
""",
        [(A, "hard")],
    ),
    "Postfix Swedish owner": (
        "Undelivered Mail Returned to Sender",
        "MAILER-DAEMON@mx.example.se (Mail Delivery System)",
        f"""This is the mail system at host mx.example.se.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

                   The mail system

<{A}>: host mx.example.net[192.0.2.2] said: 550 5.1.1 <{A}>
    användaren finns inte (in reply to RCPT TO command)
<{B}>: host mx.example.net[192.0.2.2] refused to talk to me: 554 Bad
    history of your network
""",
        [(A, "hard"), (B, "block")],
    ),
    "Postfix local": (
        "Undelivered Mail Returned to Sender",
        "MAILER-DAEMON@mx.example.se (Mail Delivery System)",
        f"""This is the mail system at host mx.example.se.

                   The mail system

<{A}>: unknown user: "ann"
<{B}>: cannot update mailbox /var/mail/bo for user bo. error
    writing message: File too large
""",
        [(A, "hard"), (B, "soft")],
    ),
    "Postfix routing": (
        "Undelivered Mail Returned to Sender",
        "MAILER-DAEMON@mx.example.se (Mail Delivery System)",
        f"""This is the mail system at host mx.example.se.

<{A}>: mail for example.net loops back to myself
<{B}>: connect to mx.example.net[192.0.2.2]:25: No route to host
""",
        [(A, "soft"), (B, "soft")],
    ),
    "Exim several": (
        "Mail delivery failed: returning message to sender",
        "Mail Delivery System <Mailer-Daemon@mx.example.org>",
        f"""This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {A}
    retry timeout exceeded
  {B}
    host mx.example.net [192.0.2.2]
    SMTP error from remote mail server after pipelined end of data:
    550 Administrative prohibition

------ This is a copy of your message, including all the headers. ------
""",
        [(A, "soft"), (B, "block")],
    ),
    "CommuniGate": (
        "Undeliverable Mail",
        "<MAILER-DAEMON@mx.example.org>",
        f"""Failed to deliver to '{A}'
SMTP module(domain example.net) reports:
 host mx.example.net says:
 550 5.1.1 unknown user account
""",
        [(A, "hard")],
    ),
    "CommuniGate local": (
        "Undeliverable Mail",
        "<MAILER-DAEMON@mx.example.org>",
        f"""Failed to deliver to '{A}'
LOCAL module(account ann) reports:
 account is full (quota exceeded)
""",
        [(A, "soft")],
    ),
    "Mercury": (
        "Postmaster Notify: Delivery Failure.",
        "Electronic Postmaster <postmaster@mx.example.org>",
        f"""The message attached to this report could not be delivered to one or
more recipients, for the reasons shown below:

{A}
550 5.1.1 User not known at this site.
""",
        [(A, "hard")],
    ),
    "VPOP3": (
        "Message delivery failure",
        "postmaster@mx.example.org",
        f"""The following message could not be delivered because the address {A} is not recognised

The message could not be delivered to {A}: 550 unrecognised local part
""",
        [(A, "soft")],
    ),
    "WebShield": (
        "Undeliverable",
        "postmaster@mx.example.org",
        f"""--- The following addresses had delivery problems ---

<{A}>   (User unknown {A})
""",
        [(A, "hard")],
    ),
    "Symantec cloud": (
        "Mail Delivery Failure",
        "MAILER-DAEMON@mx.example.org",
        f"""This is the mail delivery agent at mx.example.org.
I was unable to deliver your message to the following addresses:

{A}

Reason: 550 Invalid recipient <{A}> (#5.1.1)

The message subject was: hello
""",
        [(A, "hard")],
    ),
    "Plesk qmail": (
        "failure notice",
        "MAILER-DAEMON@mx.example.org",
        f"""Hi. This is the qmail-send program at mx.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{A}>:
This address no longer accepts mail.

<{B}>:
192.0.2.2 failed after I sent the message.
Remote host said: 550 5.7.1 Your mail has been classified as unwanted bulk.
""",
        [(A, "hard"), (B, "block")],
    ),
    "Haraka": (
        "failure notice",
        "MAILER-DAEMON@mx.example.org",
        f"""Intended Recipients:
<{A}>

Failure Reason:
Error: 550 5.1.1 I've never heard of {A}
""",
        [(A, "hard")],
    ),
    "OpenSMTPD": (
        "Delivery status notification: error",
        "Mailer Daemon <MAILER-DAEMON@mx.example.org>",
        f"""    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this email.

    An error has occurred while attempting to deliver a message for
    the following list of recipients:

{A}: 550 5.2.2 <{A}> is full up
{B}: Network error on destination MXs
""",
        [(A, "soft"), (B, "soft")],
    ),
    "Sympa": (
        "Undelivered Mail Returned to Sender",
        "MAILER-DAEMON@mx.example.org",
        f"""<{A}>: host mx.example.net said: 554 5.7.1 You may not post here; members only (in reply to RCPT TO command)
""",
        [(A, "block")],
    ),
}


@pytest.mark.parametrize(("subject", "sender", "text", "wanted"), LETTERS.values(), ids=LETTERS.keys())
def test_a_letter_of_an_old_or_rare_server_is_understood(subject, sender, text, wanted):
    """Whom it is about, and what became of each."""
    found = read_report(plain(text, sender=sender, subject=subject))

    assert [(each.recipient, str(each.report_class)) for each in found] == wanted


@pytest.mark.parametrize(
    "said",
    [
        "550 5.1.8 <digest@news.example.org>: user unknown, no such mailbox",
        "550 5.1.7 the sender's mailbox does not exist",
        "550 the domain news.example.org does not exist (in reply to MAIL FROM command)",
        "550 5.7.1 your address is not registered in our whitelist (in reply to RCPT TO command)",
        "550 client host not found in reverse DNS (in reply to RCPT TO command)",
        "550 5.7.1 user rejected your mail (in reply to RCPT TO command)",
    ],
)
def test_what_is_said_of_us_never_makes_a_reader_dead(said):
    """The words are the same; the one whom they are about is another."""
    assert read_report(dsn(group(said, status="5.0.0")))[0].report_class != "hard"
