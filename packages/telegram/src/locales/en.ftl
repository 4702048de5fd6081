# $ticket: the ticket's number. $subject: the ticket's subject, already escaped for HTML. $replies: how many, 2 or more.
reply =
    💬 <b>New reply in your support ticket</b>

    An administrator has replied to your ticket <b>#{ $ticket }</b>

    📝 Subject: <b>{ $subject }</b>

    Open the app to read the reply 👇
# Several replies that waited at the same time.
replies =
    💬 <b>{ $replies ->
        [one] { $replies } new reply
       *[other] { $replies } new replies
    } in your support ticket</b>

    An administrator has replied to your ticket <b>#{ $ticket }</b>

    📝 Subject: <b>{ $subject }</b>

    Open the app to read the replies 👇
open-ticket = 📱 Open the ticket
# An admin tries whether the bot reaches somebody.
test = 🔔 This is a test. Replies to your support tickets will be announced here.
# What the bot answers to /start and /stop.
linked =
    ✅ Your account is linked.

    When support replies to your ticket, you will get a message here. To stop these messages: /stop
link-expired =
    ⌛ This link has expired.

    Ask support for a new one and open it.
link-used =
    This link has been used already: it works once.

    Ask support for a new one and open it.
link-unknown =
    This link does not work: perhaps it was not copied whole, or it was replaced.

    Ask support for a new one and open it.
welcome-back =
    👋 Hello!

    Messages about replies from support are on. To stop them: /stop
not-linked =
    👋 Hello!

    I tell you about replies from support, but I do not know your account yet. Ask support for a link and open it.
muted =
    🔕 Messages about replies are off.

    The replies themselves stay in the app. To get messages again: /start
