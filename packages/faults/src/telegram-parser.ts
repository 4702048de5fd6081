/** Parses a text as Telegram does with `parse_mode: HTML`. @returns what the user sees. @throws Telegram's own words. */
export type TelegramParser = (html: string) => string;

type ParseAnswer = { _: 'formattedText'; text: string } | { _: 'error'; message: string };

/**
 * Telegram's own parser, out of its client library, which needs no network for it.
 *
 * @returns undefined where there is no such library for this platform.
 */
export function loadTelegramParser(): Promise<TelegramParser | undefined> {
  loaded ??= load();
  return loaded;
}

/** The library is set up once in a process. */
let loaded: Promise<TelegramParser | undefined> | undefined;

async function load(): Promise<TelegramParser | undefined> {
  try {
    const [tdl, { getTdjson }] = await Promise.all([import('tdl'), import('prebuilt-tdlib')]);
    tdl.configure({ tdjson: getTdjson(), verbosityLevel: 0 });
    return (html) => {
      const request = { _: 'parseTextEntities', text: html, parse_mode: { _: 'textParseModeHTML' } } as const;
      const answer = tdl.execute(request) as ParseAnswer;
      if (answer._ === 'error') throw new Error(answer.message);
      return answer.text;
    };
  } catch (error) {
    console.warn(`WARNING: TELEGRAM'S OWN PARSER IS NOT HERE, THE SIMULATOR ALONE JUDGES TEXTS: ${error}`);
    return undefined;
  }
}
