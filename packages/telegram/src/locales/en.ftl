# $ticket: the ticket's number. $subject: the ticket's subject, already escaped for HTML.
reply =
    💬 <b>New reply in your support ticket</b>

    An administrator has replied to your ticket <b>#{ $ticket }</b>

    📝 Subject: <b>{ $subject }</b>

    Open the app to read the reply 👇
open-ticket = 📱 Open the ticket
