// The same contract on node's own http server with jose. Arguments: material file, port.
import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { importJWK, jwtVerify } from "jose";

const [materialFile, port] = process.argv.slice(2);
const { jwk } = JSON.parse(readFileSync(materialFile, "utf8"));
const expected = JSON.parse(process.env.BENCHMARK_CONTRACT);
const keys = new Map([[jwk.kid, await importJWK(jwk, "RS256")]]);
const sha256 = (text) => createHash("sha256").update(text).digest();
const secretDigest = sha256(expected.secret);

function isCaller(authorization = "") {
  const [scheme, encoded] = authorization.split(" ");
  if (scheme.toLowerCase() !== "basic") return false;
  const text = Buffer.from(encoded, "base64").toString();
  const colon = text.indexOf(":");
  return timingSafeEqual(sha256(text.slice(colon + 1)), secretDigest) && text.slice(0, colon) === expected.caller;
}

async function introspect(token) {
  try {
    const { payload } = await jwtVerify(token, ({ kid }) => keys.get(kid), {
      algorithms: ["RS256"],
      issuer: expected.issuer,
      audience: expected.audience,
      clockTolerance: 60,
      requiredClaims: ["exp", "iat", "nbf", "sub"],
    });
    if (payload.tid !== expected.tenant || payload.ver !== "2.0" || !payload.azpacr) return { active: false };
    const { exp, iat, nbf, sub, aud, iss } = payload;
    return {
      active: true, scope: payload.scp ?? "", client_id: payload.azp, token_type: "Bearer", exp, iat, nbf, sub, aud, iss, jti: payload.uti,
    };
  } catch {
    return { active: false };
  }
}

function send(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store", "Content-Length": Buffer.byteLength(text) });
  response.end(text);
}

createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    if (!isCaller(request.headers.authorization)) return send(response, 401, { error: "invalid_client" });
    const tokens = new URLSearchParams(Buffer.concat(chunks).toString()).getAll("token");
    if (tokens.length !== 1) return send(response, 400, { error: "invalid_request" });
    return send(response, 200, await introspect(tokens[0]));
  });
}).listen(Number(port), "127.0.0.1");
