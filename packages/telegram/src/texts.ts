import { readFileSync } from 'node:fs';
import { FluentBundle, FluentResource } from '@fluent/bundle';
import type { BotAnswer } from './bot-answer.ts';

/** The locales that have a file of texts; the first is the default. */
export const locales = ['ru', 'en'] as const;
export type Locale = (typeof locales)[number];

const bundles = new Map(locales.map((locale) => [locale, loadBundle(locale)]));

function loadBundle(locale: Locale): FluentBundle {
  // Isolating marks around the arguments would be invisible characters in the user's message.
  const bundle = new FluentBundle(locale, { useIsolating: false });
  const source = readFileSync(new URL(`locales/${locale}.ftl`, import.meta.url), 'utf8');
  const [error] = bundle.addResource(new FluentResource(source));
  if (error) throw error;
  return bundle;
}

/** The locale whose texts a user sees: theirs (`en`, `en-GB`) or, if there are none, the default. */
export function chooseLocale(wanted: string): Locale {
  const language = wanted.toLowerCase().split(/[-_]/)[0];
  return locales.find((locale) => locale === language) ?? locales[0];
}

/**
 * One text in one locale.
 *
 * @throws when the text or one of its arguments is missing.
 */
export function text(
  locale: Locale,
  id: 'reply' | 'replies' | 'open-ticket' | 'test' | BotAnswer,
  args: Record<string, string | number> = {},
): string {
  const bundle = bundles.get(locale);
  const pattern = bundle?.getMessage(id)?.value;
  if (!bundle || !pattern) throw new Error(`The locale "${locale}" has no text "${id}"`);
  return bundle.formatPattern(pattern, args);
}
