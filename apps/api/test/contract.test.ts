import { Validator } from '@seriousme/openapi-schema-validator';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { describe, expect, test } from 'vitest';
import { type JsonObject, nameSchemas } from '../src/contract/name-schemas.ts';
import { operationsOf } from './operations.ts';
import { useTestApp } from './test-app.ts';

const api = await useTestApp();
const operations = await operationsOf(api);

test('the description is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { body } = await api.call('GET', '/openapi.json');
  expect(await validator.validate(body)).toMatchObject({ valid: true });
  expect(validator.version).toBe('3.1');
});

test('every operation has a name of its own, a tag and words', () => {
  for (const { method, path, operationId, tags, summary, description } of operations) {
    const where = `${method} ${path}`;
    expect(operationId, where).toMatch(/^[a-z][A-Za-z]+$/);
    expect(tags, where).toHaveLength(1);
    expect(summary, where).toBeTruthy();
    expect(description, where).toBeTruthy();
  }
  const names = operations.map(({ operationId }) => operationId);
  expect(new Set(names).size).toBe(names.length);
});

test('every operation says who may call it, also where everybody may', async () => {
  const { body } = await api.call('GET', '/openapi.json');
  for (const [path, methods] of Object.entries<object>(body.paths))
    for (const operation of Object.values(methods)) expect(operation, path).toHaveProperty('security');
});

test('every operation of owners says so, and no other', () => {
  const ofOwners = operations.filter(({ description }) => description?.endsWith('Owners only.'));
  expect(ofOwners.map(({ operationId }) => operationId).sort()).toEqual([
    'createAdmin',
    'createApiKey',
    'eraseUser',
    'listAdmins',
    'listApiKeys',
    'listAuditEntries',
    'revokeApiKey',
    'updateAdmin',
  ]);
});

test('every operation says what it answers, and with which problems', () => {
  for (const { method, path, responses } of operations) {
    const where = `${method} ${path}`;
    const [answer] = Object.entries(responses).filter(([status]) => status.startsWith('2'));
    expect(answer, where).toBeDefined();
    const [status, { content } = {}] = answer ?? [];
    if (status !== '204')
      expect(Object.values(content ?? {}), where).toEqual([
        expect.objectContaining({ schema: expect.anything() }),
      ]);
    expect(Object.keys(responses), where).toContain('503');
  }
});

test('every body and every answer in JSON has an example, which is one', () => {
  const shown = operations.flatMap(({ operationId, content, responses }) => [
    { what: `${operationId} takes`, content },
    ...Object.entries(responses)
      .filter(([status]) => status.startsWith('2'))
      .map(([status, answer]) => ({ what: `${operationId} answers ${status}`, content: answer.content })),
  ]);
  for (const { what, content } of shown) {
    const { schema, example, examples = {} } = content?.['application/json'] ?? {};
    if (schema === undefined) continue;
    const all = [
      ...Object.values(examples).map(({ value }) => value),
      ...(example === undefined ? [] : [example]),
    ];
    expect(all, what).not.toEqual([]);
    for (const one of all) expect([...Compile(schema as TSchema).Errors(one)], what).toEqual([]);
  }
});

test('every parameter and body has a schema, and what is sent may hold known fields only, but for Telegram', () => {
  for (const { method, path, parameters, body, tags } of operations) {
    const where = `${method} ${path}`;
    for (const parameter of parameters) expect(parameter.schema, where).toBeDefined();
    if (body !== undefined && !tags.includes('telegram'))
      expect(body, where).toMatchObject({ additionalProperties: false });
  }
});

describe('schemas with a title', () => {
  const thing = { title: 'Thing', type: 'object', properties: { id: { type: 'integer' } } };

  test('become components, also where they may be null', () => {
    const components: JsonObject = {};
    const reference = { $ref: '#/components/schemas/Thing' };
    expect(nameSchemas({ a: thing, b: { ...thing, type: ['object', 'null'] } }, components)).toEqual({
      a: reference,
      b: { anyOf: [reference, { type: 'null' }] },
    });
    expect(components).toEqual({ Thing: { type: 'object', properties: { id: { type: 'integer' } } } });
  });

  test('stay where they are data', () => {
    const data = { examples: [thing], properties: { title: { type: 'string' } } };
    expect(nameSchemas(data, {})).toEqual(data);
  });

  test('must be the same wherever they have the same', () => {
    const other = { ...thing, properties: {} };
    expect(() => nameSchemas({ a: thing, b: other }, {})).toThrow('Two different schemas are called Thing');
  });
});
