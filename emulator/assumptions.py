"""What is not established about Entra, as named switches. Each default is the best guess, or the more awkward one.

The emulator's README lists every field of `Assumptions` with its reason; a test holds the two together.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Assumptions:
    """Doubts about the live service. Change a field to see what a client does if the doubt is resolved the other way."""

    # Reading and addressing in Graph
    malformed_id_is_bad_request: bool = True
    owned_by_reads_all_applications: bool = True
    owned_by_lists_deleted_items: bool = False
    top_maximum: int = 999
    created_by_app_id_is_filterable: bool = False
    sends_location_header: bool = True
    # What Graph lets bodies hold
    unknown_members_are_refused: bool = True
    display_name_limit: int = 120
    notes_limit: int = 1024
    redirect_uri_limit: int = 256
    redirect_uris_are_counted_per_platform: bool = False
    one_uri_on_two_platforms_is_refused: bool = True
    wildcards_on_spa_and_public_are_refused: bool = True
    redirect_uri_fragments_are_refused: bool = True
    urls_must_be_absolute: bool = True
    https_identifier_uris_need_token_version_2: bool = True
    shortened_password_list_in_patch_is_refused: bool = True
    accept_mapped_claims_at_creation_is_refused: bool = True
    password_dates_must_be_in_order: bool = True
    chosen_password_key_id_is_kept: bool = False
    # Sizes and quotas in Graph
    total_entries_limit: int = 1200
    owners_limit: int = 100
    federated_credentials_limit: int = 20
    directory_object_quota: int | None = 250
    deleted_object_quota_weight: float = 1.0
    purged_object_quota_weight: float = 0.25
    key_credentials_reads_per_minute: int = 150
    refused_requests_are_counted: bool = True
    # Status codes of Graph that no report prints
    app_policy_status: int = 400
    quota_status: int = 403
    concurrency_status: int = 409
    size_status: int = 403
    unknown_key_id_status: int = 400
    # Side effects in Graph
    unique_name_is_checked_where_the_write_happens: bool = True
    passwords_at_creation: str = "made"
    creator_owns_service_principal: bool = False
    application_tags_on_service_principals: str = "follow"
    purging_an_application_purges_its_service_principal: bool = False
    read_write_all_creator_becomes_owner: bool = False
    owned_by_adds_owners_with_directory_read: bool = True
    deleting_an_application_deletes_its_service_principal: bool = True
    restore_refuses_a_taken_identifier_uri: bool = True
    # Reports of Graph
    sign_in_reports: str = "filled"
    sign_in_reports_follow: str = "examples"
    sign_in_reports_lag_seconds: float = 0.0
    # Token service
    refresh_with_resource_and_no_scope_is_refused: bool = False
    preauthorization_survives_prompt_consent: bool = False
    port_of_127_0_0_1_is_ignored: bool = False
    authorization_responses_carry_iss: bool = False
    missing_service_principal_status: int = 401
    disabled_application_status: int = 400
    assignment_required_status: int = 400
    unknown_https_resource_is_invalid_scope: bool = True
    a_client_may_be_its_own_resource: bool = True
    graph_tokens_carry_a_nonce: bool = True
    tokens_are_backdated_seconds: int = 300
    shortest_token_seconds: int = 3600
    longest_token_seconds: int = 5400
