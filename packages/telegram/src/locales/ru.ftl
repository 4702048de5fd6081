# $ticket: the ticket's number. $subject: the ticket's subject, already escaped for HTML. $replies: how many, 2 or more.
reply =
    💬 <b>Новый ответ в тикете поддержки</b>

    Администратор ответил на ваш тикет <b>#{ $ticket }</b>

    📝 Тема: <b>{ $subject }</b>

    Откройте приложение для просмотра ответа 👇
# Several replies that waited at the same time.
replies =
    💬 <b>{ $replies ->
        [one] { $replies } новый ответ
        [few] { $replies } новых ответа
       *[many] { $replies } новых ответов
    } в тикете поддержки</b>

    Администратор ответил на ваш тикет <b>#{ $ticket }</b>

    📝 Тема: <b>{ $subject }</b>

    Откройте приложение для просмотра ответов 👇
open-ticket = 📱 Открыть тикет
# An admin tries whether the bot reaches somebody.
test = 🔔 Это проверка. Здесь вы будете узнавать об ответах на ваши обращения.
