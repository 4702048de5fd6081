# $ticket: the ticket's number. $subject: the ticket's subject, already escaped for HTML.
reply =
    💬 <b>Новый ответ в тикете поддержки</b>

    Администратор ответил на ваш тикет <b>#{ $ticket }</b>

    📝 Тема: <b>{ $subject }</b>

    Откройте приложение для просмотра ответа 👇
open-ticket = 📱 Открыть тикет
