import Type from 'typebox';
import { problemCodes } from '../problem.ts';

/** Every error answer (RFC 9457). */
export const problem = Type.Object(
  {
    type: Type.String({ description: 'Always `about:blank`: `code` tells problems apart.' }),
    title: Type.String({ description: "The status' name." }),
    status: Type.Integer(),
    code: Type.String({
      description: `Stable, made for programs. More may come. Today: ${problemCodes.map((code) => `\`${code}\``).join(', ')}.`,
    }),
    detail: Type.String({ description: 'What is wrong, and what to do about it, for people.' }),
    requestId: Type.String({ description: 'The log has the request under this id.' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.String({
            description: "The field's name, with dots for nested ones; empty for the whole body.",
          }),
          message: Type.String(),
        }),
        { description: 'What is wrong, field by field.' },
      ),
    ),
  },
  {
    title: 'Problem',
    examples: [
      {
        type: 'about:blank',
        title: 'Bad Request',
        status: 400,
        code: 'validation_failed',
        detail: 'Some fields are missing or wrong; see `errors`.',
        requestId: '0b0e7c0e-7f5a-4c35-9d55-2f4f6f0f6f3a',
        errors: [{ path: 'message', message: 'is required' }],
      },
    ],
  },
);
