"""What is thrown at governance, in the words of its specification, and the tests that throw it.

`PAGE` is the list as it stands there. `LINES` cuts it into its lines and names for each the tests
of this folder, as `file::function` without `test_` and `.py`. `test_lines.py` holds the
two against each other and against the tests there are.
"""

PAGE = {
    "Signatures and objects": (
        "Unsigned commit mid-range under a signed head. Duplicate `tree` / `parent` / `gpgsig` "
        "headers. Unknown headers, `mergetag`, `encoding`, several armour blocks. Wrong namespace "
        "or hash. Signer is not the key the signature names. Git status `U` taken for good. "
        "`refs/replace` making an unsigned commit verify. Quotes, newlines and control characters "
        "in names."
    ),
    "Keys and time": (
        "Expired key with a backdated commit. Revoked key, new and old commits. Trust changed "
        "while the head did not. Authority edited and used in one range (one person adds a key to "
        "another's name, raises a cap, approves as both). Authority deleted, renamed, or restored "
        "at the end of the range. Eligible signers counted as actual. Threshold 0 or negative, "
        "empty signer set. Verifier clock a day off, or stepping mid-run. A flip's ttl renewed by "
        "a restart; a halt's expiry shortened."
    ),
    "Graph and approvals": (
        "Force-push to an older signed commit. Old signed policy presented again. Merge smuggling: "
        "clean parents, edited merge tree. An `-s ours` merge that drops a halt with a tree that a "
        "quorum once approved; the same with the halt withheld until the merge exists. Halt, "
        "resume by one, halt again, resume by another. Approvals that slide sideways past a "
        "restrained head. Accidental approval by a README commit, a rebase, a merge. A closed, "
        "fully approved proposal merged months later. Approval replayed onto another base, tree or "
        "environment. Unrelated root. A good commit teleported from another branch. State "
        "directory deleted, then rollback. Shallow or truncated history. Sentinels quoted in "
        "messages. The verified id differing from the tree that is read."
    ),
    "Halts that must land": (
        "On a poisoned main; behind squash, rebase-merge, web edit and revert buttons; under "
        "unreadable YAML; with ten commits on top before the next poll; with the forge "
        "withholding; with a protected branch."
    ),
    "Transport and content": (
        "A failed fetch persisted and later trusted. Symlinked YAML. `../` anywhere. Submodules "
        "and hooks. `.git`-like and colliding names. `ext::` URLs and option injection. "
        "Local-clone links. Repo config, filters, LFS, fsmonitor, credential helpers. "
        "`export-ignore` and eol rewriting. Huge packs, blobs, trees, ref counts; slow servers. A "
        "hint (webhook, pub/sub) that carries state, floods, or is forged."
    ),
    "YAML and meaning": (
        "Alias bombs, unsafe tags, duplicate keys. `halt: no`, `'no'`, `.nan`, `inf`, negatives, "
        "`1e3`. Two vaults with one id. An overlay that weakens its base. A vault deleted (means: "
        "no new orders, reduce-only) or renamed. A halt scoped to a persona, and the vault moved "
        "to another persona. A kill switch removed by tighten-only authority. A crash between "
        "apply and receipt. The Executor restarting while Git is unreachable (last good, halts "
        "sticky)."
    ),
}
"""Class to its lines, as one paragraph."""

_SIGNED, _GRAPH, _GIVEN = (
    "signatures_and_objects",
    "graph_and_approvals",
    "graph_and_approvals_given",
)
_KEYS, _TIME, _NODE = "keys_and_time", "keys_and_time_passing", "on_a_node"
_LAND = "halts_that_must_land"
_CONTENT, _FETCHED = "transport_and_content", "transport_and_content_fetched"
_CONFIGURED = "transport_and_content_configured"
_YAML, _CHANGES = "yaml_and_meaning", "yaml_and_meaning_of_changes"


def _in(file: str, *functions: str) -> tuple[str, ...]:
    return tuple(f"{file}::{function}" for function in functions)


LINES: dict[str, dict[str, tuple[str, ...]]] = {
    "Signatures and objects": {
        "Unsigned commit mid-range under a signed head.": _in(
            _SIGNED,
            "an_unsigned_commit_mid_range_under_a_signed_head",
            "an_unsigned_commit_mid_range_comes_into_force_only_by_a_quorum_that_names_it",
        ),
        "Duplicate `tree` / `parent` / `gpgsig` headers.": _in(
            _SIGNED, "duplicate_tree_headers", "duplicate_parent_gpgsig_and_other_headers"
        ),
        "Unknown headers, `mergetag`, `encoding`, several armour blocks.": _in(
            _SIGNED,
            "unknown_headers_mergetag_encoding_and_several_armour_blocks",
            "a_halt_on_top_of_a_spoilt_commit_lands",
        ),
        "Wrong namespace or hash.": _in(
            _SIGNED, "wrong_namespace_or_hash", "wrong_namespace_by_ssh_keygen_itself"
        ),
        "Signer is not the key the signature names.": _in(
            _SIGNED,
            "signer_is_not_the_key_the_signature_names",
            "the_pin_names_who_introduced_it_and_nobody_else",
        ),
        "Git status `U` taken for good.": _in(
            _SIGNED,
            "git_status_u_taken_for_good",
            "the_repository_says_it_is_signed_by_its_own_word",
        ),
        "`refs/replace` making an unsigned commit verify.": _in(
            _SIGNED,
            "refs_replace_making_an_unsigned_commit_verify",
            "refs_replace_putting_another_file_in_the_place_of_the_approved_one",
            "a_halt_that_git_hides_by_other_parents_is_read",
        ),
        "Quotes, newlines and control characters in names.": _in(
            _SIGNED,
            "the_same_commit_unspoilt_is_the_first_of_two_approvals",
            "newlines_and_control_characters_in_the_names_of_people",
            "quotes_newlines_and_control_characters_in_the_names_of_files",
            "quotes_newlines_and_control_characters_in_the_names_of_documents",
            "what_a_person_reads_at_a_terminal_is_one_line_whatever_things_are_called",
            "refs_of_the_lane_with_such_names_hide_no_other",
        ),
    },
    "Keys and time": {
        "Expired key with a backdated commit.": _in(
            _KEYS,
            "expired_key_with_a_backdated_commit",
            "expired_key_with_a_record_that_it_was_seen_in_time",
            "expired_key_that_halts",
        ),
        "Revoked key, new and old commits.": _in(
            _KEYS,
            "revoked_key_new_commits",
            "revoked_key_old_commits_that_were_judged_before_stand",
            "revoked_key_old_commits_that_turn_up_after_it",
            "a_revoked_key_cannot_give_itself_back",
        ),
        "Trust changed while the head did not.": (
            *_in(_KEYS, "trust_changed_while_the_head_did_not"),
            *_in(
                _NODE,
                "trust_changed_while_the_head_did_not",
                "another_introduction_pinned_while_the_head_did_not_change",
                "a_new_introduction_upon_what_was_enforced_is_the_way_back",
                "trust_changed_by_the_head_holds_for_what_comes_at_the_same_look",
            ),
        ),
        "Authority edited and used in one range (one person adds a key to another's name, raises a "
        "cap, approves as both).": _in(
            _KEYS,
            "authority_edited_and_used_in_one_range",
            "authority_edited_and_used_in_one_range_by_lowering_the_quorum",
        ),
        "Authority deleted, renamed, or restored at the end of the range.": _in(
            _KEYS, "authority_deleted_renamed_or_restored_at_the_end_of_the_range"
        ),
        "Eligible signers counted as actual.": _in(
            _KEYS,
            "eligible_signers_counted_as_actual",
            "approvals_that_are_many_and_people_that_are_few",
            "two_keys_of_one_person_are_one_person",
            "half_of_one_role_and_half_of_another_is_no_quorum",
        ),
        "Threshold 0 or negative, empty signer set.": _in(
            _KEYS,
            "threshold_0_or_negative_empty_signer_set",
            "threshold_0_or_empty_signer_set_at_the_introduction_itself",
        ),
        "Verifier clock a day off, or stepping mid-run.": (
            *_in(
                _TIME,
                "verifier_clock_a_day_off",
                "verifier_clock_a_day_off_lets_one_person_take_nothing_back",
                "verifier_clock_far_off_makes_no_flip_longer",
            ),
            *_in(
                _NODE,
                "verifier_clock_stepping_mid_run",
                "verifier_clock_stepping_back_mid_run_makes_no_approval_young",
            ),
        ),
        "A flip's ttl renewed by a restart; a halt's expiry shortened.": (
            *_in(_NODE, "a_flips_ttl_renewed_by_a_restart"),
            *_in(
                _TIME,
                "a_flips_ttl_renewed_by_a_restart",
                "a_flips_ttl_renewed_by_whoever_may_not",
                "a_halts_expiry_shortened",
                "a_halts_expiry_shortened_by_another_halt_of_the_lane",
                "a_halts_expiry_shortened_by_what_is_pushed_on_top_of_it",
            ),
        ),
    },
    "Graph and approvals": {
        "Force-push to an older signed commit.": _in(
            _GRAPH,
            "force_push_to_an_older_signed_commit",
            "force_push_to_another_commit_on_the_older_one",
        ),
        "Old signed policy presented again.": _in(
            _GRAPH,
            "old_signed_policy_presented_again",
            "old_signed_policy_presented_again_by_merging_the_commit_itself",
        ),
        "Merge smuggling: clean parents, edited merge tree.": _in(
            _GRAPH,
            "merge_smuggling_clean_parents_edited_merge_tree",
            "merge_smuggling_beside_what_is_approved",
            "an_octopus_merge_of_two_approved_branches_is_a_tree_nobody_approved",
            "an_approved_branch_merged_by_git_comes_into_force",
        ),
        "An `-s ours` merge that drops a halt with a tree that a quorum once approved; the same "
        "with the halt withheld until the merge exists.": _in(
            _GRAPH,
            "an_s_ours_merge_that_drops_a_halt_with_a_tree_that_a_quorum_once_approved",
            "the_same_with_the_halt_withheld_until_the_merge_exists",
            "the_same_with_the_halt_of_the_lane",
        ),
        "Halt, resume by one, halt again, resume by another.": _in(
            _GIVEN,
            "halt_resume_by_one_halt_again_resume_by_another",
            "halt_resume_by_one_halt_again_resume_by_another_on_the_lane",
        ),
        "Approvals that slide sideways past a restrained head.": _in(
            _GIVEN, "approvals_that_slide_sideways_past_a_restrained_head"
        ),
        "Accidental approval by a README commit, a rebase, a merge.": _in(
            _GIVEN,
            "accidental_approval_by_a_readme_commit",
            "accidental_approval_by_a_rebase_a_merge_and_other_habits",
        ),
        "A closed, fully approved proposal merged months later.": _in(
            _GIVEN,
            "a_closed_fully_approved_proposal_merged_months_later",
            "a_closed_fully_approved_proposal_merged_months_later_though_nothing_happened",
            "a_proposal_withdrawn_on_its_branch_and_then_merged",
        ),
        "Approval replayed onto another base, tree or environment.": (
            *_in(
                _GIVEN,
                "approval_replayed_onto_another_base_tree_or_environment",
                "approval_replayed_onto_another_fund_of_the_same_people",
            ),
            *_in(_GRAPH, "what_one_environment_approved_says_nothing_of_another"),
        ),
        "Unrelated root.": _in(_GRAPH, "unrelated_root", "unrelated_root_merged_by_git"),
        "A good commit teleported from another branch.": _in(
            _GRAPH,
            "a_good_commit_teleported_from_another_branch",
            "a_good_commit_teleported_by_cherry_picking_it",
            "a_good_commit_teleported_into_a_linked_history",
            "a_merge_from_the_wrong_side_takes_nothing_out_of_the_main_line",
        ),
        "State directory deleted, then rollback.": _in(
            _NODE,
            "state_directory_deleted_then_rollback",
            "state_directory_deleted_then_rollback_to_where_markets_still_is",
            "state_directory_deleted_and_an_intent_that_names_no_commit",
            "state_directory_restored_from_a_backup_then_rollback",
        ),
        "Shallow or truncated history.": _in(
            _GRAPH,
            "shallow_or_truncated_history",
            "truncated_history_is_no_shorter_history",
            "a_truncated_history_keeps_no_halt_of_the_lane_out",
        ),
        "Sentinels quoted in messages.": _in(
            _GIVEN, "sentinels_quoted_in_messages", "sentinels_said_twice_or_half"
        ),
        "The verified id differing from the tree that is read.": _in(
            _GRAPH,
            "the_verified_id_differing_from_the_tree_that_is_read",
            "the_verified_id_differing_from_what_lies_in_the_folder",
        ),
    },
    "Halts that must land": {
        "On a poisoned main;": _in(
            _LAND,
            "on_a_poisoned_main",
            "a_halt_lands_whatever_somebody_left_beside_it",
            "a_halt_lands_in_however_large_a_folder",
            "a_halt_lands_on_however_large_a_commit",
        ),
        "behind squash, rebase-merge, web edit and revert buttons;": _in(
            _LAND,
            "behind_squash_rebase_merge_and_web_edit_buttons",
            "a_button_alone_gives_no_halt_and_one_signature_on_top_does",
            "behind_revert_buttons",
            "behind_a_revert_button_that_somebody_pressed_with_their_own_key",
        ),
        "under unreadable YAML;": _in(
            _LAND, "under_unreadable_yaml", "under_unreadable_yaml_that_came_in_the_same_commit"
        ),
        "with ten commits on top before the next poll;": _in(
            _LAND, "with_ten_commits_on_top_before_the_next_poll"
        ),
        "with the forge withholding;": _in(
            _LAND,
            "with_the_forge_withholding",
            "with_the_forge_withholding_the_whole_branch",
            "with_the_forge_withholding_what_gave_the_key",
        ),
        "with a protected branch.": _in(
            _LAND,
            "with_a_protected_branch",
            "with_a_protected_branch_that_takes_only_merges_of_its_own",
        ),
    },
    "Transport and content": {
        "A failed fetch persisted and later trusted.": _in(
            _FETCHED,
            "a_failed_fetch_persisted_and_later_trusted",
            "a_failed_fetch_leaves_a_node_that_was_never_reached_without_a_policy",
            "a_mirror_whose_objects_hold_other_bytes_is_fetched_again",
        ),
        "Symlinked YAML.": _in(
            _CONTENT,
            "symlinked_yaml",
            "symlinked_yaml_by_the_folder_it_lies_in",
            "symlinked_yaml_checked_in_by_git",
            "symlinked_yaml_keeps_no_halt_out",
        ),
        "`../` anywhere.": _in(
            _CONTENT,
            "dot_dot_slash_in_trees",
            "dot_dot_slash_in_documents",
            "dot_dot_slash_in_refs",
            "dot_dot_slash_in_the_lane",
        ),
        "Submodules and hooks.": (
            *_in(_CONTENT, "submodules"),
            *_in(
                _CONFIGURED,
                "submodules_outside_what_is_governed_are_not_looked_for",
                "hooks",
            ),
        ),
        "`.git`-like and colliding names.": _in(
            _CONTENT,
            "git_like_names",
            "git_like_names_outside_what_is_governed",
            "colliding_names",
            "trees_that_git_never_writes",
        ),
        "`ext::` URLs and option injection.": _in(
            _FETCHED,
            "ext_urls_and_option_injection",
            "ext_urls_and_option_injection_at_the_door",
            "option_injection_by_the_name_of_the_branch",
        ),
        "Local-clone links.": _in(
            _FETCHED,
            "local_clone_links",
            "local_clone_links_share_no_bytes_with_the_mirror",
            "alternates_lend_objects_and_no_trust",
        ),
        "Repo config, filters, LFS, fsmonitor, credential helpers.": (
            *_in(
                _CONFIGURED,
                "repo_config_filters_lfs_fsmonitor_credential_helpers",
                "git_variables_of_whoever_calls",
            ),
            *_in(_CONTENT, "lfs_pointers_are_not_followed"),
        ),
        "`export-ignore` and eol rewriting.": _in(
            _CONTENT,
            "export_ignore_and_eol_rewriting",
            "eol_rewriting_changes_what_is_approved",
        ),
        "Huge packs, blobs, trees, ref counts; slow servers.": (
            *_in(
                _CONTENT,
                "huge_blobs",
                "huge_commits",
                "huge_trees_that_are_small_to_push",
                "huge_depth",
                "huge_numbers_of_parents",
            ),
            *_in(
                _FETCHED,
                "huge_packs",
                "huge_numbers_of_objects",
                "huge_numbers_of_refs",
                "huge_numbers_of_refs_in_the_lane_at_the_door",
                "huge_numbers_of_refs_in_the_lane_hold_the_main_line_back_for_nobody",
                "huge_numbers_of_refs_in_the_lane_hide_no_halt",
                "slow_servers",
                "objects_that_never_end",
            ),
        ),
        "A hint (webhook, pub/sub) that carries state, floods, or is forged.": _in(
            _NODE, "a_hint_that_carries_state", "a_hint_that_floods", "a_hint_that_is_forged"
        ),
    },
    "YAML and meaning": {
        "Alias bombs, unsafe tags, duplicate keys.": _in(
            _YAML,
            "alias_bombs",
            "other_bombs_and_disguises",
            "a_file_that_is_only_large",
            "unsafe_tags",
            "duplicate_keys",
        ),
        "`halt: no`, `'no'`, `.nan`, `inf`, negatives, `1e3`.": _in(
            _YAML,
            "halt_no_and_every_other_document_nobody_may_write",
            "halt_no_where_a_switch_stands",
            "no_nan_inf_negatives_and_1e3_where_money_stands",
        ),
        "Two vaults with one id.": _in(
            _YAML,
            "two_vaults_with_one_id",
            "two_vaults_with_one_id_in_one_tree_object",
            "two_documents_with_one_id",
            "two_flips_of_one_vault",
        ),
        "An overlay that weakens its base.": _in(
            _CHANGES,
            "an_overlay_that_weakens_its_base_has_no_words_for_it",
            "an_overlay_that_weakens_its_base_by_a_narrower_scope",
            "an_overlay_that_weakens_its_base_by_a_flip_beyond_the_envelope",
            "an_overlay_that_weakens_its_base_and_the_envelope_at_once",
            "an_overlay_that_weakens_its_base_by_a_boost",
            "an_overlay_that_weakens_what_a_quorum_may_not_exceed",
            "a_halt_file_that_loosens_halts_and_does_not_loosen",
        ),
        "A vault deleted (means: no new orders, reduce-only) or renamed.": (
            *_in(_NODE, "a_vault_deleted_or_renamed_opens_nothing_and_may_still_be_left"),
            *_in(
                _CHANGES,
                "a_vault_deleted_means_no_new_orders",
                "a_vault_deleted_by_approval_is_there_no_more",
                "a_vault_deleted_beside_its_flip_and_its_boost",
                "a_vault_deleted_by_nobody_stays",
                "a_vault_renamed_is_a_new_one_that_starts_closed",
                "a_vault_renamed_out_of_its_halt_by_a_quorum",
            ),
        ),
        "A halt scoped to a persona, and the vault moved to another persona.": _in(
            _CHANGES,
            "a_halt_scoped_to_a_persona_and_the_vault_moved_to_another_persona",
            "a_halt_scoped_to_a_persona_and_the_vault_moved_there_and_back_by_a_quorum",
            "a_halt_scoped_to_a_persona_and_the_persona_renamed",
        ),
        "A kill switch removed by tighten-only authority.": _in(
            _CHANGES,
            "a_kill_switch_removed_by_tighten_only_authority",
            "a_kill_switch_removed_by_two_who_may_only_tighten",
            "a_kill_switch_removed_together_with_a_tightening",
        ),
        "A crash between apply and receipt.": _in(_NODE, "a_crash_between_apply_and_receipt"),
        "The Executor restarting while Git is unreachable (last good, halts sticky).": _in(
            _NODE,
            "the_executor_restarting_while_git_is_unreachable",
            "the_executor_restarting_alone_with_other_files_in_their_place",
            "the_executor_restarting_under_a_latch_of_any_kind",
        ),
    },
}
"""Class and line to the tests that throw it; whatever else this folder holds goes beyond the
list."""
