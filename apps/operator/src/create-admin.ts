/**
 * Creates an admin who signs in at `/admin/sign-in`, or with `--reset` gives one a new password. Asks on the terminal for
 * what its flags don't say; without a terminal the password is the first line of standard input. Exits 0; 2 if what was
 * given can't be used, 78 if the configuration is wrong, 1 if it could not be done.
 */
import { parseArgs } from 'node:util';
import { EXIT_CONFIG, parseConfig, readEnvironment } from '@replybell/config';
import { type Db, isEmail, isNewPassword, openDatabase, passwordLength, roles } from '@replybell/database';
import { type AdminAccount, createAdmin, resetPassword } from './admin-account.ts';
import { errorMessage } from './error-message.ts';
import { askOnTerminal, firstLineOfInput } from './prompt.ts';

const USAGE = `npm run admin:create -- [--email EMAIL] [--name NAME] [--role owner|agent] [--reset]

  --email   what the admin signs in with
  --name    how the audit trail calls them; the email, if not given
  --role    owner (the default): everything; agent: tickets, users, notifications
  --reset   gives an admin who exists a new password, and lets in one who was disabled

The password is asked for, or the first line of standard input:
  printf '%s\\n' "$PASSWORD" | npm run admin:create -- --email EMAIL`;

const EXIT_USAGE = 2;

const { account, reset } = await readAccount();
const loaded = parseConfig(readEnvironment(process.env));
if (!loaded.ok) {
  for (const problem of loaded.problems) console.error(problem);
  process.exit(EXIT_CONFIG);
}
const db = openDatabase({
  url: loaded.config.DATABASE_URL,
  applicationName: 'replybell-admin',
  maxConnections: 1,
});
process.exitCode = await carryOut(db).finally(() => db.destroy());

async function carryOut(database: Db): Promise<number> {
  try {
    const result = await (reset ? resetPassword : createAdmin)(database, account);
    (result.ok ? console.log : console.error)(result.message);
    return result.ok ? 0 : 1;
  } catch (error) {
    console.error(`It could not be done: ${errorMessage(error)}`);
    console.error('The database must run and be up to date: npm run doctor');
    return 1;
  }
}

async function readAccount(): Promise<{ account: AdminAccount; reset: boolean }> {
  const flags = readFlags();
  const role = roles.find((one) => one === flags.role);
  if (role === undefined) return refuse(`--role is owner or agent, not "${flags.role}"`);
  const email = flags.email ?? (await askOnTerminal('Email: '));
  if (email === undefined) return refuse(`Say whose account it is: --email\n\n${USAGE}`);
  if (!isEmail(email)) return refuse(`"${email}" is no email address that can sign in`);

  const password = (await askOnTerminal('Password: ', { hidden: true })) ?? (await firstLineOfInput());
  if (!isNewPassword(password)) {
    return refuse(`The password must have ${passwordLength.min} to ${passwordLength.max} characters`);
  }
  return { account: { email, name: flags.name ?? email, role, password }, reset: flags.reset };
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        email: { type: 'string' },
        name: { type: 'string' },
        role: { type: 'string', default: 'owner' },
        reset: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (!values.help) return values;
  } catch (error) {
    return refuse(`${errorMessage(error)}\n\n${USAGE}`);
  }
  console.log(USAGE);
  process.exit(0);
}

function refuse(message: string): never {
  console.error(message);
  process.exit(EXIT_USAGE);
}
