import type { TicketButton } from './ticket-button.ts';

/** One message as `sendMessage` takes it. */
export type OutgoingMessage = {
  chatId: number;
  /** HTML. */
  text: string;
  button?: TicketButton;
};
