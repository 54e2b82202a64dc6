// What a cell of the matrix must tell, and what it told.

/** asked is how many pages a cell's program is asked for. */
export const asked = 10;

/**
 * expected counts by what must be told: for each page a server span, a client's and its server's, and two queries. Their `http.route` is the
 * pattern; a client's parent and that of both queries is the page, that of the page asked by the client the client.
 */
export function expected() {
  return {
    spans: 5 * asked,
    routes: 2 * asked,
    clients: asked,
    joined: asked,
    queries: 2 * asked,
    literals: 0,
  };
}

/** countSpans counts the same of a program's spans, as `go3s observe --json` prints them. */
export function countSpans(spans, isNew) {
  const servers = spans.filter(({ kind }) => kind === "SERVER");
  const things = new Set();
  for (const { span_id, attributes } of servers)
    if (attributes["url.path"]?.startsWith("/things/")) things.add(span_id);
  const route = (path) => (path === "/leaf" ? "/leaf" : isNew ? "/things/{id}" : "/things/");
  const clients = spans.filter(
    ({ kind, attributes }) =>
      kind === "CLIENT" &&
      attributes["db.system.name"] === undefined &&
      attributes["db.query.text"] === undefined,
  );
  const asking = new Set(clients.map(({ span_id }) => span_id));
  const queries = spans.filter(({ attributes }) => attributes["db.query.text"] !== undefined);
  return {
    spans: spans.length,
    routes: servers.filter(({ attributes }) => attributes["http.route"] === route(attributes["url.path"]))
      .length,
    clients: clients.filter(({ parent_span_id }) => things.has(parent_span_id)).length,
    joined: servers.filter(
      ({ parent_span_id, attributes }) => attributes["url.path"] === "/leaf" && asking.has(parent_span_id),
    ).length,
    queries: queries.filter(({ parent_span_id }) => things.has(parent_span_id)).length,
    literals: queries.filter(({ attributes }) => /17|secret/.test(attributes["db.query.text"])).length,
  };
}
