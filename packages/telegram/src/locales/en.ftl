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
