/**
 * Calls the API as the signed-in admin.
 *
 * @returns what it answered and, if it refused or couldn't be reached, the problem's `code`.
 */
export async function callApi(method, path, body) {
  try {
    const response = await fetch(path, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    // The session may have ended since the page was loaded: then there is a form to sign in to show in its place.
    if (response.status === 401) location.reload();
    const answer = response.status === 204 ? undefined : await response.json();
    const retryAfterS = Number(response.headers.get('retry-after'));
    return response.ok ? { answer } : { code: answer.code, retryAfterS };
  } catch {
    return { code: 'unreachable' };
  }
}
