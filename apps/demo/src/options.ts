import { parseArgs } from 'node:util';

export type Options = { once: boolean; verbose: boolean; help: boolean };

export const usage = `Replybell's demo: everything on this machine, nothing to install.

  npm run demo                  starts all parts, then shows each delivery until Ctrl-C
  npm run demo -- --once        one reply to its delivery, shows the message, ends
  npm run demo -- --verbose     with the logs of the API and the worker on the screen

PostgreSQL comes from npm and its data goes when the demo ends. Instead of Telegram a simulator shows the chats.

With a bot of your own, in the environment or in .env:

  BOT_TOKEN     from BotFather; then messages go to Telegram
  WEBAPP_URL    the https address that the button opens
  TELEGRAM_ID   the number of the Telegram account that gets them; it has pressed Start in the bot

REDIS_URL, in the environment, puts the queue there; it has to hold no jobs of Replybell.`;

/** Reads the command line. Throws an error that names what it does not know. */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      once: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values;
}
