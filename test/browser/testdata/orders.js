// The function behind /orders of the template everything. It puts the headers on by itself, as the template's mark says
// that it does, and goes wrong in the way that the query asks for.
exports.handler = async (event) => {
  const v = event.stageVariables, q = event.queryStringParameters || {}, origin = event.headers.origin;
  const headers = { "Content-Type": "application/json", ETag: '"7"', "X-Request-Id": "r1", "X-Internal": "hidden", Vary: "Origin" };
  const listed = v.corsOrigins.split(",").some((o) => origin === o || (o.includes("~") && origin && origin.endsWith(o.split("~")[1])));
  if (listed) {
    headers["Access-Control-Allow-Origin"] = origin;
    headers["Access-Control-Allow-Credentials"] = v.corsCredentials;
    headers["Access-Control-Expose-Headers"] = v.corsExposedHeaders;
  }
  switch (q.do) {
    case "throw":
      throw new Error("no orders today");
    case "malformed":
      return "not what a proxy integration takes";
    case "binary":
      return { statusCode: 200, headers: { ...headers, "Content-Type": "image/png" }, body: "iVBORw0KGgo=", isBase64Encoded: true };
    case "redirect":
      return { statusCode: 307, headers: { ...headers, Location: "https://faults.api.example.net/prod/p-age-any" }, body: "" };
    case "twice":
      return { statusCode: 200, headers: {}, multiValueHeaders: { "Access-Control-Allow-Origin": [origin, "*"] }, body: "" };
    case "missing":
      return { statusCode: 404, headers, body: "{}" };
  }
  return { statusCode: 200, headers, body: JSON.stringify({ method: event.httpMethod }) };
};
