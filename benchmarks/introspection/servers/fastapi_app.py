# mypy: ignore-errors
"""The same contract with FastAPI, HTTPBasic, Form, a pydantic model and PyJWT, as people write it.

FastAPI is in the benchmark's own environment alone, so this module isn't type checked.
"""

import hashlib
import hmac
import os
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Form, HTTPException, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from pydantic import BaseModel

from benchmarks.introspection.material import CALLER, SECRET, read_material
from benchmarks.introspection.servers.pyjwt_answer import PyJwtAnswer, members_of

app = FastAPI()
basic = HTTPBasic()
verifier = PyJwtAnswer(read_material(Path(os.environ["BENCHMARK_MATERIAL"])), documented=True)
SECRET_DIGEST = hashlib.sha256(SECRET.encode()).digest()


class Introspection(BaseModel):
    active: bool
    scope: str | None = None
    client_id: str | None = None
    token_type: str | None = None
    exp: int | None = None
    iat: int | None = None
    nbf: int | None = None
    sub: str | None = None
    aud: str | None = None
    iss: str | None = None
    jti: str | None = None


@app.post("/introspect", response_model_exclude_none=True)
async def introspect(
    token: Annotated[str, Form()], credentials: Annotated[HTTPBasicCredentials, Depends(basic)], response: Response
) -> Introspection:
    known = hmac.compare_digest(hashlib.sha256(credentials.password.encode()).digest(), SECRET_DIGEST)
    if credentials.username != CALLER or not known:
        raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
    response.headers["Cache-Control"] = "no-store"
    claims = verifier.claims(token)
    return Introspection(active=False) if claims is None else Introspection(**members_of(claims))
