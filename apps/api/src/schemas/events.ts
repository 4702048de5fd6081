import Type from 'typebox';

export const lastEventHeader = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({
      maxLength: 64,
      description:
        'The id of the last event that was read: what changed since is told first. Browsers send it by themselves.',
    }),
  ),
});

const example = `event: delivery.resumed
id: 1795392000000000
data: {}

event: ticket.changed
data: {"ticketId":1,"status":"waiting_user","priority":"medium"}

event: notification.changed
id: 1795392000500000
data: {"notificationId":"7","ticketId":1,"foreign":false,"status":"sent","reason":null}
`;

export const eventStream = {
  description: 'The stream. It ends after 15 minutes, or when the server stops; the client comes back.',
  content: { 'text/event-stream': { schema: Type.String({ examples: [example] }) } },
};

export const eventsDescription = `Each event carries ids and states, no texts; the rest is read where it is shown.

| event | data |
|---|---|
| \`ticket.changed\` | \`ticketId\`, \`status\`, \`priority\`: opened, written to, closed, reopened, of another priority |
| \`notification.changed\` | \`notificationId\`, \`ticketId\`, \`foreign\` (another system keeps the ticket), \`status\`, \`reason\` |
| \`delivery.paused\` | \`pauses\`: \`kind\`, \`reason\`, \`since\`, \`pausedUntil\` of each pause in force |
| \`delivery.resumed\` | nothing: no pause is in force |
| \`reset\` | nothing: too much has changed, or too long ago. Load everything anew |

A stream begins with \`delivery.paused\` or \`delivery.resumed\`, one that goes on after what it has missed. Every change is told at least once, within a second mostly, by
whatever process or hand it was made; of several within half a second only the last. With \`Last-Event-ID\` a stream goes on
where another ended, on any API process, for an hour. Open the stream first, then load what you show: nothing falls in between.
A comment comes every 15 seconds: a client that hears nothing for longer should connect again. By then a stream has ended whose
key was revoked or whose session is over. A process serves 200 streams,
100 to one caller; beyond that it answers 503 \`no_stream_free\`.`;
