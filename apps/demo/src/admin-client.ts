export type AdminClient = {
  /** Posts JSON to a path and returns the answer's JSON. Throws unless the answer is 2xx. */
  post<Answer>(path: string, body: object): Promise<Answer>;
};

/** Calls the API's admin routes as any other program would. */
export function createAdminClient(apiUrl: string, apiKey: string): AdminClient {
  return {
    async post<Answer>(path: string, body: object) {
      const response = await fetch(`${apiUrl}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`POST ${path} answered ${response.status}: ${await response.text()}`);
      return (await response.json()) as Answer;
    },
  };
}
