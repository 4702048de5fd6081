import { chooseLocale, type Locale, locales } from '@replybell/telegram';

/**
 * The language that a client reads: of those in `Accept-Language` (RFC 9110, 12.5.4) that there are texts for the one with
 * the highest weight, or the default.
 */
export function wantedLocale(acceptLanguage: string | undefined): Locale {
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map((range) => {
      const [tag = '', ...parameters] = range.split(';').map((part) => part.trim());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return {
        tag,
        language: tag.toLowerCase().split('-')[0],
        weight: weight === undefined ? 1 : Number(weight),
      };
    })
    .filter(({ language, weight }) => weight > 0 && locales.some((locale) => locale === language))
    .sort((one, other) => other.weight - one.weight);
  return chooseLocale(wanted[0]?.tag ?? '');
}
