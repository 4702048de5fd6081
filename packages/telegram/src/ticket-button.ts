export type ButtonOptions = {
  /** `WEBAPP_URL`, without a trailing slash; may have a query of its own. */
  webAppUrl: string;
  kind: 'web_app' | 'url' | 'direct_link';
  /** `WEBAPP_SHORT_NAME`, for `direct_link`. */
  shortName?: string | undefined;
  /** The bot's user name without `@`; needed for `direct_link` only. */
  botUsername?: string | undefined;
};

/** A button of an inline keyboard, as the Bot API's InlineKeyboardButton. */
export type TicketButton = { text: string } & ({ web_app: { url: string } } | { url: string });

/** The start parameter by which the Mini App knows which ticket to open. */
const startParameter = (ticketId: number) => `support_ticket_${ticketId}`;

/** The Mini App's address for one ticket: `WEBAPP_URL?startapp=support_ticket_123`; a query or fragment stays. */
function ticketUrl(webAppUrl: string, ticketId: number): string {
  const [address = '', ...fragment] = webAppUrl.split('#');
  const separator = address.includes('?') ? '&' : '?';
  const url = `${address}${separator}startapp=${startParameter(ticketId)}`;
  return fragment.length > 0 ? `${url}#${fragment.join('#')}` : url;
}

/**
 * The button that opens exactly this ticket.
 *
 * Telegram accepts `web_app` buttons in private chats only (chat ids above 0), so groups get the plain address.
 */
export function ticketButton(
  options: ButtonOptions,
  ticketId: number,
  chatId: number,
  text: string,
): TicketButton {
  const url = ticketUrl(options.webAppUrl, ticketId);
  switch (options.kind) {
    case 'web_app':
      return chatId > 0 ? { text, web_app: { url } } : { text, url };
    case 'url':
      return { text, url };
    case 'direct_link': {
      if (!options.botUsername) throw new Error('A direct link needs the name of the bot');
      const app = options.shortName ? `/${options.shortName}` : '';
      return { text, url: `https://t.me/${options.botUsername}${app}?startapp=${startParameter(ticketId)}` };
    }
  }
}
