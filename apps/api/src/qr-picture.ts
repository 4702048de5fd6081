import { encodeQR } from 'qr';

/** A text as a QR code in a `data:` URL that an `<img>` shows; white behind it, as scanners want on dark pages too. */
export function qrPicture(text: string): string {
  const svg = encodeQR(text, 'svg', { ecc: 'medium', border: 4 });
  const onWhite = svg.replace('<svg ', '<svg style="background:#fff" ');
  return `data:image/svg+xml;base64,${Buffer.from(onWhite).toString('base64')}`;
}
