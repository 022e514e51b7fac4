"""Creates, reads, updates, lists and deletes applications with Microsoft's msgraph-sdk and azure-identity, unchanged.

Runs in the environment of requirements.txt. The emulator is found by the variables that serve.py sets. Any surprise is an
AssertionError or the SDK's own exception, and so a failure of the run.
"""


# mypy: disable-error-code="import-not-found"

import asyncio
import os
import ssl
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
from azure.identity.aio import ClientSecretCredential
from kiota_abstractions.api_error import APIError
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.applications.applications_request_builder import ApplicationsRequestBuilder
from msgraph.generated.applications.item.add_password.add_password_post_request_body import AddPasswordPostRequestBody
from msgraph.generated.applications.item.application_item_request_builder import ApplicationItemRequestBuilder
from msgraph.generated.applications.item.remove_password.remove_password_post_request_body import RemovePasswordPostRequestBody
from msgraph.generated.models.api_application import ApiApplication
from msgraph.generated.models.application import Application
from msgraph.generated.models.application_collection_response import ApplicationCollectionResponse
from msgraph.generated.models.password_credential import PasswordCredential
from msgraph.generated.models.service_principal import ServicePrincipal
from msgraph.generated.models.web_application import WebApplication
from msgraph_core import GraphClientFactory
from msgraph_core.tasks.page_iterator import PageIterator

URL = os.environ["ENTRA_URL"]
CA_FILE = os.environ["ENTRA_CA_FILE"]


def client() -> tuple[GraphServiceClient, ClientSecretCredential]:
    """The SDK's client, told where the emulator is and which CA to trust."""
    credential = ClientSecretCredential(
        os.environ["ENTRA_TENANT"],
        os.environ["ENTRA_CLIENT_ID"],
        os.environ["ENTRA_CLIENT_SECRET"],
        authority=URL,
        disable_instance_discovery=True,
        connection_verify=CA_FILE,
    )
    host = urlsplit(URL).hostname
    provider = AzureIdentityAuthenticationProvider(
        credential, scopes=["https://graph.microsoft.com/.default"], allowed_hosts=[str(host)]
    )
    http = httpx.AsyncClient(verify=ssl.create_default_context(cafile=CA_FILE), timeout=30)
    adapter = GraphRequestAdapter(provider, client=GraphClientFactory.create_with_default_middleware(client=http))
    adapter.base_url = f"{URL}/v1.0"
    return GraphServiceClient(request_adapter=adapter), credential


async def walk() -> None:
    """The whole walk."""
    graph, credential = client()
    end = datetime.now(UTC) + timedelta(days=90)
    made = await graph.applications.post(
        Application(
            display_name="made by msgraph-sdk",
            sign_in_audience="AzureADMyOrg",
            tags=["sdk"],
            web=WebApplication(redirect_uris=["https://client.example/cb"]),
            api=ApiApplication(requested_access_token_version=2),
            password_credentials=[PasswordCredential(display_name="first", end_date_time=end)],
        )
    )
    assert made is not None
    assert made.password_credentials is not None
    assert made.password_credentials[0].secret_text is not None
    print("created", made.app_id)

    principal = await graph.service_principals.post(ServicePrincipal(app_id=made.app_id))
    assert principal is not None
    assert principal.app_id == made.app_id

    item = graph.applications.by_application_id(str(made.id))
    read = await item.get()
    assert read is not None
    assert (read.display_name, read.tags, read.api.requested_access_token_version) == ("made by msgraph-sdk", ["sdk"], 2)
    by_app_id = await graph.applications_with_app_id(str(made.app_id)).get()
    assert by_app_id is not None
    assert by_app_id.id == made.id
    print("read by id and by appId")

    await item.patch(Application(display_name="renamed", web=WebApplication(redirect_uris=["https://client.example/cb2"])))
    changed = await item.get()
    assert changed is not None
    assert changed.web is not None
    assert (changed.display_name, changed.web.redirect_uris, changed.tags) == ("renamed", ["https://client.example/cb2"], ["sdk"])
    print("updated")

    added = await item.add_password.post(
        AddPasswordPostRequestBody(password_credential=PasswordCredential(display_name="second"))
    )
    assert added is not None
    assert added.secret_text is not None
    await item.remove_password.post(RemovePasswordPostRequestBody(key_id=added.key_id))
    after = await item.get()
    assert after is not None
    assert [credential.display_name for credential in after.password_credentials or []] == ["first"]
    print("added and removed a password")

    assert await count(graph) == int(os.environ["ENTRA_SEEDED"])
    await item.delete()
    assert await status_of_read(item) == 404
    print("deleted")
    await credential.close()


async def status_of_read(item: ApplicationItemRequestBuilder) -> int:
    """The HTTP status with which Graph answers a read, as the SDK reports it."""
    try:
        await item.get()
    except APIError as error:
        return int(error.response_status_code or 0)
    return 200


async def count(graph: GraphServiceClient) -> int:
    """The number of seeded applications, by the SDK's own paging."""
    parameters = ApplicationsRequestBuilder.ApplicationsRequestBuilderGetQueryParameters
    configuration = ApplicationsRequestBuilder.ApplicationsRequestBuilderGetRequestConfiguration(
        query_parameters=parameters(filter="tags/any(t:t eq 'seeded')", select=["id", "appId"], top=99)
    )
    first = await graph.applications.get(request_configuration=configuration)
    assert isinstance(first, ApplicationCollectionResponse)
    assert first.odata_next_link is not None
    seen: list[object] = []
    iterator = PageIterator(first, graph.request_adapter)

    def note(application: Application) -> bool:
        seen.append(application.id)
        return True

    await iterator.iterate(note)
    assert len(set(seen)) == len(seen)
    print("listed", len(seen), "by pages")
    return len(seen)


if __name__ == "__main__":
    asyncio.run(walk())
    print("msgraph-sdk: everything went as on Graph")
