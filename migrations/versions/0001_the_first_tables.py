"""The first tables, the partitions of events and attempts, and the seals' function."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# These run with the owner's rights, so that the application's role needs none over the tables.
_ENSURE_PARTITIONS = """
CREATE FUNCTION ensure_partitions() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  parent text;
  month timestamptz;
  made integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(19010, 1);
  FOREACH parent IN ARRAY ARRAY['events', 'attempts'] LOOP
    IF to_regclass(parent || '_default') IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', parent || '_default', parent);
    END IF;
    FOR ahead IN 0..3 LOOP
      month := date_trunc('month', now()) + make_interval(months => ahead);
      IF to_regclass(parent || to_char(month, '_YYYY_MM')) IS NULL THEN
        EXECUTE format(
          'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
          parent || to_char(month, '_YYYY_MM'), parent, month, month + interval '1 month');
        made := made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $$
"""

_EVENTS_HASH = """
CREATE FUNCTION events_hash(first_id bigint, last_id bigint, previous text) RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT encode(sha256(convert_to(previous || coalesce(string_agg(
    concat_ws('|', id, extract(epoch FROM at), kind, coalesce(issue_id::text, ''),
              coalesce(delivery_id::text, ''), actor, data::text),
    E'\\n' ORDER BY id), ''), 'UTF8')), 'hex')
  FROM events WHERE id BETWEEN first_id AND last_id
$$
"""

# The lock waits for every transaction that has added an event, so that no id below the sealed one
# can still appear. It gives up soon: behind a waiting lock everybody else would have to wait.
_SEAL_EVENTS = """
CREATE FUNCTION seal_events(most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '300ms' AS $$
DECLARE
  sealed bigint;
  previous text;
  upto bigint;
  found integer;
BEGIN
  LOCK TABLE events IN SHARE MODE;
  SELECT s.last_id, s.sha256 INTO sealed, previous FROM seals s ORDER BY s.last_id DESC LIMIT 1;
  sealed := coalesce(sealed, 0);
  SELECT max(e.id), count(*) INTO upto, found
  FROM (SELECT id FROM events WHERE id > sealed ORDER BY id LIMIT most) e;
  IF found > 0 THEN
    INSERT INTO seals (first_id, last_id, events, sha256)
    VALUES (sealed + 1, upto, found, events_hash(sealed + 1, upto, coalesce(previous, '')));
  END IF;
  RETURN found;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("code", sa.SmallInteger(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("server", sa.String(length=255), nullable=False),
        sa.Column("tls", sa.Boolean(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", "at", name=op.f("pk_attempts")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_attempts_delivery_id", "attempts", ["delivery_id", "id"], unique=False)
    op.create_table(
        "distribution_lists",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "name <> '' AND name !~ '[[:cntrl:]]'", name=op.f("ck_distribution_lists_named")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distribution_lists")),
        sa.UniqueConstraint("name", name=op.f("uq_distribution_lists_name")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=True),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column(
            "data",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", "at", name=op.f("pk_events")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index(
        "ix_events_delivery_id",
        "events",
        ["delivery_id", "id"],
        unique=False,
        postgresql_where=sa.text("delivery_id IS NOT NULL"),
    )
    op.create_index(
        "ix_events_issue_id",
        "events",
        ["issue_id", "id"],
        unique=False,
        postgresql_where=sa.text("delivery_id IS NULL"),
    )
    op.create_table(
        "seals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "sealed_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("last_id >= first_id", name=op.f("ck_seals_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seals")),
        sa.UniqueConstraint("first_id", name=op.f("uq_seals_first_id")),
        sa.UniqueConstraint("last_id", name=op.f("uq_seals_last_id")),
    )
    op.create_table(
        "suppressions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "bounced",
                "full",
                "complained",
                "unsubscribed",
                "manual",
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("since", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("lifted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.String(length=200), nullable=True),
        sa.CheckConstraint("position('@' in address) > 1", name=op.f("ck_suppressions_has_domain")),
        sa.CheckConstraint("until > since", name=op.f("ck_suppressions_ends_after_it_begins")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
    )
    op.create_index(
        "uq_suppressions_open",
        "suppressions",
        ["address"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_table(
        "units",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("pinyin", sa.Text(), nullable=False),
        sa.Column("initials", sa.Text(), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "national",
                "province",
                "city",
                "county",
                "town",
                "enterprise",
                "association",
                "other",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "channel",
            sa.Enum(
                "email",
                "paper",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            server_default="email",
            nullable=False,
        ),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint(
            "name <> '' AND key <> '' AND name !~ '[[:cntrl:]]'", name=op.f("ck_units_named")
        ),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_units_not_its_own_parent")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["units.id"], name=op.f("fk_units_parent_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("key", name=op.f("uq_units_key")),
        sa.UniqueConstraint("name", name=op.f("uq_units_name")),
    )
    op.create_index(op.f("ix_units_parent_id"), "units", ["parent_id"], unique=False)
    op.create_index(op.f("ix_units_pinyin"), "units", ["pinyin"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "viewer", "editor", "approver", "admin", name="role", native_enum=False, length=16
            ),
            nullable=False,
        ),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'", name=op.f("ck_users_name")),
        sa.CheckConstraint(
            "role IN ('viewer', 'editor', 'approver', 'admin')", name=op.f("ck_users_role")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "bulletins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("publisher", sa.String(length=200), server_default="", nullable=False),
        sa.Column("from_name", sa.String(length=200), nullable=False),
        sa.Column("from_address", sa.String(length=254), nullable=False),
        sa.Column("reply_to", sa.String(length=254), nullable=True),
        sa.Column("contact", sa.String(length=200), server_default="", nullable=False),
        sa.Column("zone", sa.String(length=63), server_default="Asia/Shanghai", nullable=False),
        sa.Column("theme", sa.String(length=63), server_default="red-head", nullable=False),
        sa.Column(
            "doubt_policy",
            sa.Enum("resend", "hold", name="doubtpolicy", native_enum=False, length=16),
            server_default="resend",
            nullable=False,
        ),
        sa.Column("lifetime_hours", sa.Integer(), server_default=sa.text("72"), nullable=False),
        sa.Column("second_person", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "doubt_policy IN ('resend', 'hold')", name=op.f("ck_bulletins_doubt_policy")
        ),
        sa.CheckConstraint(
            "position('@' in from_address) > 1", name=op.f("ck_bulletins_from_address")
        ),
        sa.CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name=op.f("ck_bulletins_slug")),
        sa.CheckConstraint(
            "lifetime_hours BETWEEN 1 AND 240", name=op.f("ck_bulletins_lifetime_hours")
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["distribution_lists.id"], name=op.f("fk_bulletins_list_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletins")),
        sa.UniqueConstraint("list_id", name=op.f("uq_bulletins_list_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_bulletins_slug")),
    )
    op.create_table(
        "groups",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("pinyin", sa.Text(), nullable=False),
        sa.Column("initials", sa.Text(), nullable=False),
        sa.Column(
            "rule",
            sa.Enum(
                "listed",
                "parent",
                "tag",
                name="rule",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("tag", sa.String(length=200), nullable=True),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.CheckConstraint(
            "(rule = 'parent') = (parent_id IS NOT NULL)", name=op.f("ck_groups_parent_by_rule")
        ),
        sa.CheckConstraint(
            "(rule = 'tag') = (tag IS NOT NULL)", name=op.f("ck_groups_tag_by_rule")
        ),
        sa.CheckConstraint(
            "name <> '' AND key <> '' AND name !~ '[[:cntrl:]]'", name=op.f("ck_groups_named")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["units.id"], name=op.f("fk_groups_parent_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sa.UniqueConstraint("key", name=op.f("uq_groups_key")),
        sa.UniqueConstraint("name", name=op.f("uq_groups_name")),
    )
    op.create_index(op.f("ix_groups_parent_id"), "groups", ["parent_id"], unique=False)
    op.create_index(op.f("ix_groups_tag"), "groups", ["tag"], unique=False)
    op.create_table(
        "list_blocks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "report",
                "send",
                "issue_to",
                "main",
                "copy",
                "mixed",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_list_blocks_position")),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["distribution_lists.id"],
            name=op.f("fk_list_blocks_list_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_blocks")),
        sa.UniqueConstraint(
            "list_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_list_blocks_list_id_position"),
        ),
    )
    op.create_table(
        "mailboxes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("normalised", sa.String(length=320), nullable=False),
        sa.Column("person", sa.String(length=200), server_default="", nullable=False),
        sa.Column("post", sa.String(length=200), server_default="", nullable=False),
        sa.Column(
            "use",
            sa.Enum(
                "receive",
                "copy",
                "backup",
                name="use",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            server_default="receive",
            nullable=False,
        ),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint(
            "address !~ '[[:cntrl:][:space:]]' AND normalised !~ '[[:cntrl:][:space:]]'",
            name=op.f("ck_mailboxes_one_word"),
        ),
        sa.CheckConstraint(
            "person !~ '[[:cntrl:]]' AND post !~ '[[:cntrl:]]'", name=op.f("ck_mailboxes_one_line")
        ),
        sa.CheckConstraint("position('@' in normalised) > 1", name=op.f("ck_mailboxes_has_domain")),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_mailboxes_unit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailboxes")),
        sa.UniqueConstraint("unit_id", "normalised", name=op.f("uq_mailboxes_unit_id_normalised")),
    )
    op.create_index(op.f("ix_mailboxes_normalised"), "mailboxes", ["normalised"], unique=False)
    op.create_table(
        "sign_ins",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sign_ins_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_ins")),
    )
    op.create_index(op.f("ix_sign_ins_user_id"), "sign_ins", ["user_id"], unique=False)
    op.create_table(
        "unit_names",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "alias", "former", name="kind", native_enum=False, create_constraint=True, length=20
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "name <> '' AND key <> '' AND name !~ '[[:cntrl:]]'", name=op.f("ck_unit_names_named")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_unit_names_unit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_names")),
        sa.UniqueConstraint("unit_id", "key", name=op.f("uq_unit_names_unit_id_key")),
    )
    op.create_index(op.f("ix_unit_names_key"), "unit_names", ["key"], unique=False)
    op.create_table(
        "unit_tags",
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("tag", sa.String(length=200), nullable=False),
        sa.CheckConstraint("tag <> '' AND tag !~ '[[:cntrl:]]'", name=op.f("ck_unit_tags_named")),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_unit_tags_unit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("unit_id", "tag", name=op.f("pk_unit_tags")),
    )
    op.create_index(op.f("ix_unit_tags_tag"), "unit_tags", ["tag"], unique=False)
    op.create_table(
        "group_names",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "name <> '' AND key <> '' AND name !~ '[[:cntrl:]]'", name=op.f("ck_group_names_named")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_group_names_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_names")),
        sa.UniqueConstraint("group_id", "key", name=op.f("uq_group_names_group_id_key")),
    )
    op.create_index(op.f("ix_group_names_key"), "group_names", ["key"], unique=False)
    op.create_table(
        "group_units",
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "membership",
            sa.Enum(
                "member",
                "exception",
                name="membership",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_group_units_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_group_units_unit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "unit_id", name=op.f("pk_group_units")),
    )
    op.create_index(op.f("ix_group_units_unit_id"), "group_units", ["unit_id"], unique=False)
    op.create_table(
        "issues",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bulletin_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=True),
        sa.Column("issue_date", sa.Date(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "submitted",
                "approved",
                "scheduled",
                "sending",
                "paused",
                "sent",
                "cancelled",
                name="issuestate",
                native_enum=False,
                length=16,
            ),
            server_default="draft",
            nullable=False,
        ),
        sa.Column(
            "state_before",
            sa.Enum(
                "draft",
                "submitted",
                "approved",
                "scheduled",
                "sending",
                "paused",
                "sent",
                "cancelled",
                name="issuestate",
                native_enum=False,
                length=16,
            ),
            nullable=True,
        ),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("source_name", sa.String(length=255), nullable=False),
        sa.Column("source_sha256", sa.String(length=64), nullable=False),
        sa.Column("rendition_id", sa.Integer(), nullable=True),
        sa.Column("approval_id", sa.Integer(), nullable=True),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("submitted_by", sa.String(length=100), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('sent', 'cancelled')) = (finished_at IS NOT NULL)",
            name=op.f("ck_issues_finished"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'approved', 'scheduled', 'sending', 'paused', 'sent', 'cancelled')",
            name=op.f("ck_issues_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'scheduled', 'sending', 'paused', 'sent') OR approval_id IS NOT NULL",
            name=op.f("ck_issues_approved"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('scheduled') OR due_at IS NOT NULL", name=op.f("ck_issues_due")
        ),
        sa.CheckConstraint(
            "state_before IS NULL OR (state_before, state) IN (('approved', 'cancelled'), ('approved', 'draft'), ('approved', 'scheduled'), ('draft', 'cancelled'), ('draft', 'submitted'), ('paused', 'cancelled'), ('paused', 'sending'), ('scheduled', 'cancelled'), ('scheduled', 'draft'), ('scheduled', 'scheduled'), ('scheduled', 'sending'), ('sending', 'cancelled'), ('sending', 'paused'), ('sending', 'sent'), ('submitted', 'approved'), ('submitted', 'cancelled'), ('submitted', 'draft'))",
            name=op.f("ck_issues_transition"),
        ),
        sa.ForeignKeyConstraint(
            ["approval_id"],
            ["approvals.id"],
            name=op.f("fk_issues_approval_id"),
            deferrable=True,
            use_alter=True,
        ),
        sa.ForeignKeyConstraint(
            ["bulletin_id"], ["bulletins.id"], name=op.f("fk_issues_bulletin_id")
        ),
        sa.ForeignKeyConstraint(
            ["rendition_id"],
            ["renditions.id"],
            name=op.f("fk_issues_rendition_id"),
            deferrable=True,
            use_alter=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issues")),
        sa.UniqueConstraint(
            "bulletin_id", "source_sha256", name=op.f("uq_issues_bulletin_id_source_sha256")
        ),
    )
    op.create_index(
        "ix_issues_due_at",
        "issues",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'scheduled'"),
    )
    op.create_index(
        "ix_issues_unrendered",
        "issues",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'submitted' AND rendition_id IS NULL"),
    )
    op.create_table(
        "list_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("block_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("printed", sa.String(length=1000), nullable=False),
        sa.CheckConstraint(
            "printed <> '' AND printed !~ '[[:cntrl:]]'", name=op.f("ck_list_entries_printed")
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_list_entries_position")),
        sa.ForeignKeyConstraint(
            ["block_id"],
            ["list_blocks.id"],
            name=op.f("fk_list_entries_block_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_entries")),
        sa.UniqueConstraint(
            "block_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_list_entries_block_id_position"),
        ),
    )
    op.create_table(
        "entry_targets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "matched",
            sa.Enum(
                "exact",
                "alias",
                "prefix",
                "group",
                "person",
                name="matched",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("matched_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("matched_by", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "(unit_id IS NULL) <> (group_id IS NULL)", name=op.f("ck_entry_targets_one_target")
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_entry_targets_position")),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["list_entries.id"],
            name=op.f("fk_entry_targets_entry_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_entry_targets_group_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_entry_targets_unit_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_targets")),
        sa.UniqueConstraint("entry_id", "group_id", name="uq_entry_targets_entry_group"),
        sa.UniqueConstraint(
            "entry_id", "position", name=op.f("uq_entry_targets_entry_id_position")
        ),
        sa.UniqueConstraint("entry_id", "unit_id", name="uq_entry_targets_entry_unit"),
    )
    op.create_index(op.f("ix_entry_targets_group_id"), "entry_targets", ["group_id"], unique=False)
    op.create_index(op.f("ix_entry_targets_unit_id"), "entry_targets", ["unit_id"], unique=False)
    op.create_table(
        "issue_sources",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_issue_sources_issue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issue_id", name=op.f("pk_issue_sources")),
    )
    op.create_table(
        "renditions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column(
            "rendered_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_renditions_issue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renditions")),
        sa.UniqueConstraint("issue_id", "sha256", name=op.f("uq_renditions_issue_id_sha256")),
    )
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("rendition_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("list_hash", sa.String(length=64), nullable=False),
        sa.Column("rendition_hash", sa.String(length=64), nullable=False),
        sa.Column("approved_by", sa.String(length=100), nullable=False),
        sa.Column("approved_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("unresolved_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_approvals_issue_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["rendition_id"], ["renditions.id"], name=op.f("fk_approvals_rendition_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index(op.f("ix_approvals_issue_id"), "approvals", ["issue_id"], unique=False)
    op.create_table(
        "dispatches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "distribution",
                "test",
                "supplement",
                "reminder",
                "correction",
                "withdrawal",
                name="dispatchpurpose",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("rendition_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "sending",
                "paused",
                "done",
                "cancelled",
                name="dispatchstate",
                native_enum=False,
                length=16,
            ),
            server_default="sending",
            nullable=False,
        ),
        sa.Column("priority", sa.SmallInteger(), server_default=sa.text("5"), nullable=False),
        sa.Column(
            "doubt_policy",
            sa.Enum("resend", "hold", name="doubtpolicy", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("from_address", sa.String(length=254), nullable=False),
        sa.Column("zone", sa.String(length=63), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "doubt_policy IN ('resend', 'hold')", name=op.f("ck_dispatches_doubt_policy")
        ),
        sa.CheckConstraint(
            "purpose IN ('distribution', 'test', 'supplement', 'reminder', 'correction', 'withdrawal')",
            name=op.f("ck_dispatches_purpose"),
        ),
        sa.CheckConstraint(
            "state IN ('sending', 'paused', 'done', 'cancelled')", name=op.f("ck_dispatches_state")
        ),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_dispatches_issue_id")),
        sa.ForeignKeyConstraint(
            ["rendition_id"], ["renditions.id"], name=op.f("fk_dispatches_rendition_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatches")),
    )
    op.create_index(op.f("ix_dispatches_issue_id"), "dispatches", ["issue_id"], unique=False)
    op.create_index(
        "ix_dispatches_sending",
        "dispatches",
        ["priority", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_index(
        "uq_dispatches_distribution",
        "dispatches",
        ["issue_id"],
        unique=True,
        postgresql_where=sa.text("purpose = 'distribution'"),
    )
    op.create_table(
        "approved_recipients",
        sa.Column("approval_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("block_kind", sa.String(length=20), nullable=False),
        sa.Column("block_role", sa.String(length=16), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("block_place", sa.Integer(), nullable=True),
        sa.Column("entry_place", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_name", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("normalised", sa.String(length=320), nullable=False),
        sa.CheckConstraint(
            "(channel = 'paper') = (normalised = '')", name=op.f("ck_approved_recipients_channel")
        ),
        sa.ForeignKeyConstraint(
            ["approval_id"],
            ["approvals.id"],
            name=op.f("fk_approved_recipients_approval_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("approval_id", "ordinal", name=op.f("pk_approved_recipients")),
    )
    op.create_index(
        "ix_approved_recipients_normalised",
        "approved_recipients",
        ["approval_id", "normalised", "ordinal"],
        unique=False,
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dispatch_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("normalised", sa.String(length=320), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("credited", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "claimed",
                "accepted",
                "deferred",
                "rejected",
                "unconfirmed",
                "held",
                "resolved",
                "expired",
                "suppressed",
                "cancelled",
                "delivered",
                "bounced",
                name="deliverystate",
                native_enum=False,
                length=16,
            ),
            server_default="pending",
            nullable=False,
        ),
        sa.Column(
            "state_before",
            sa.Enum(
                "pending",
                "claimed",
                "accepted",
                "deferred",
                "rejected",
                "unconfirmed",
                "held",
                "resolved",
                "expired",
                "suppressed",
                "cancelled",
                "delivered",
                "bounced",
                name="deliverystate",
                native_enum=False,
                length=16,
            ),
            nullable=True,
        ),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("owner", sa.Uuid(), nullable=True),
        sa.Column("lease_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_code", sa.SmallInteger(), nullable=True),
        sa.Column("last_status", sa.String(length=16), nullable=True),
        sa.Column("last_reply", sa.Text(), nullable=True),
        sa.Column("accepted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'claimed') = (lease_until IS NOT NULL) AND (state = 'claimed') = (owner IS NOT NULL)",
            name=op.f("ck_deliveries_lease"),
        ),
        sa.CheckConstraint(
            "(state IN ('accepted', 'bounced', 'cancelled', 'delivered', 'expired', 'rejected', 'resolved', 'suppressed')) = (finished_at IS NOT NULL)",
            name=op.f("ck_deliveries_finished"),
        ),
        sa.CheckConstraint(
            "CASE WHEN state_before IS NULL THEN state IN ('pending', 'suppressed') ELSE (state_before, state) IN (('accepted', 'bounced'), ('accepted', 'delivered'), ('claimed', 'accepted'), ('claimed', 'cancelled'), ('claimed', 'deferred'), ('claimed', 'expired'), ('claimed', 'held'), ('claimed', 'pending'), ('claimed', 'rejected'), ('claimed', 'suppressed'), ('claimed', 'unconfirmed'), ('deferred', 'cancelled'), ('deferred', 'claimed'), ('deferred', 'expired'), ('deferred', 'suppressed'), ('held', 'claimed'), ('held', 'resolved'), ('pending', 'cancelled'), ('pending', 'claimed'), ('pending', 'suppressed'), ('unconfirmed', 'claimed'), ('unconfirmed', 'held'), ('unconfirmed', 'resolved')) END",
            name=op.f("ck_deliveries_transition"),
        ),
        sa.CheckConstraint(
            "state IN ('accepted', 'bounced', 'cancelled', 'claimed', 'deferred', 'delivered', 'expired', 'held', 'pending', 'rejected', 'resolved', 'suppressed', 'unconfirmed')",
            name=op.f("ck_deliveries_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('pending', 'deferred') OR due_at IS NOT NULL",
            name=op.f("ck_deliveries_due"),
        ),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatches.id"], name=op.f("fk_deliveries_dispatch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "dispatch_id", "normalised", name=op.f("uq_deliveries_dispatch_id_normalised")
        ),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(
        "ix_deliveries_claimed",
        "deliveries",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("state = 'claimed'"),
    )
    op.create_index(
        "ix_deliveries_dispatch_id_state",
        "deliveries",
        ["dispatch_id", "state", "id"],
        unique=False,
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["dispatch_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('deferred', 'held', 'pending', 'unconfirmed')"),
    )
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["dispatch_id"],
        unique=False,
        postgresql_where=sa.text(
            "state NOT IN ('accepted', 'bounced', 'cancelled', 'delivered', 'expired', 'rejected', 'resolved', 'suppressed')"
        ),
    )
    op.create_table(
        "delivery_counts",
        sa.Column("dispatch_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "claimed",
                "accepted",
                "deferred",
                "rejected",
                "unconfirmed",
                "held",
                "resolved",
                "expired",
                "suppressed",
                "cancelled",
                "delivered",
                "bounced",
                name="deliverystate",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatches.id"], name=op.f("fk_delivery_counts_dispatch_id")
        ),
        sa.PrimaryKeyConstraint("dispatch_id", "state", "lane", name=op.f("pk_delivery_counts")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "credits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dispatch_id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("block_kind", sa.String(length=20), nullable=False),
        sa.Column("block_role", sa.String(length=16), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_name", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "(channel = 'paper') = (delivery_id IS NULL)", name=op.f("ck_credits_channel")
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_credits_delivery_id")
        ),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatches.id"], name=op.f("fk_credits_dispatch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credits")),
        sa.UniqueConstraint("dispatch_id", "ordinal", name=op.f("uq_credits_dispatch_id_ordinal")),
    )
    op.create_index("ix_credits_delivery_id", "credits", ["delivery_id"], unique=False)
    op.create_index("ix_credits_unit_id", "credits", ["unit_id", "dispatch_id"], unique=False)
    for column, table in (("approval_id", "approvals"), ("rendition_id", "renditions")):
        op.create_foreign_key(
            op.f(f"fk_issues_{column}"), "issues", table, [column], ["id"], deferrable=True
        )
    for statement in (_ENSURE_PARTITIONS, _EVENTS_HASH, _SEAL_EVENTS):
        op.execute(statement)
    op.execute("REVOKE ALL ON FUNCTION ensure_partitions(), seal_events(integer) FROM PUBLIC")
    op.execute("SELECT ensure_partitions()")


def downgrade() -> None:
    op.execute("DROP FUNCTION seal_events(integer)")
    op.execute("DROP FUNCTION events_hash(bigint, bigint, text)")
    op.execute("DROP FUNCTION ensure_partitions()")
    for column in ("approval_id", "rendition_id"):
        op.drop_constraint(op.f(f"fk_issues_{column}"), "issues", type_="foreignkey")
    op.drop_index("ix_credits_unit_id", table_name="credits")
    op.drop_index("ix_credits_delivery_id", table_name="credits")
    op.drop_table("credits")
    op.drop_table("delivery_counts")
    op.drop_index(
        "ix_deliveries_open",
        table_name="deliveries",
        postgresql_where=sa.text(
            "state NOT IN ('accepted', 'bounced', 'cancelled', 'delivered', 'expired', 'rejected', 'resolved', 'suppressed')"
        ),
    )
    op.drop_index(
        "ix_deliveries_due",
        table_name="deliveries",
        postgresql_where=sa.text("state IN ('deferred', 'held', 'pending', 'unconfirmed')"),
    )
    op.drop_index("ix_deliveries_dispatch_id_state", table_name="deliveries")
    op.drop_index(
        "ix_deliveries_claimed",
        table_name="deliveries",
        postgresql_where=sa.text("state = 'claimed'"),
    )
    op.drop_table("deliveries")
    op.drop_index("ix_approved_recipients_normalised", table_name="approved_recipients")
    op.drop_table("approved_recipients")
    op.drop_index(
        "uq_dispatches_distribution",
        table_name="dispatches",
        postgresql_where=sa.text("purpose = 'distribution'"),
    )
    op.drop_index(
        "ix_dispatches_sending",
        table_name="dispatches",
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.drop_index(op.f("ix_dispatches_issue_id"), table_name="dispatches")
    op.drop_table("dispatches")
    op.drop_index(op.f("ix_approvals_issue_id"), table_name="approvals")
    op.drop_table("approvals")
    op.drop_table("renditions")
    op.drop_table("issue_sources")
    op.drop_index(op.f("ix_entry_targets_unit_id"), table_name="entry_targets")
    op.drop_index(op.f("ix_entry_targets_group_id"), table_name="entry_targets")
    op.drop_table("entry_targets")
    op.drop_table("list_entries")
    op.drop_index(
        "ix_issues_unrendered",
        table_name="issues",
        postgresql_where=sa.text("state = 'submitted' AND rendition_id IS NULL"),
    )
    op.drop_index(
        "ix_issues_due_at", table_name="issues", postgresql_where=sa.text("state = 'scheduled'")
    )
    op.drop_table("issues")
    op.drop_index(op.f("ix_group_units_unit_id"), table_name="group_units")
    op.drop_table("group_units")
    op.drop_index(op.f("ix_group_names_key"), table_name="group_names")
    op.drop_table("group_names")
    op.drop_index(op.f("ix_unit_tags_tag"), table_name="unit_tags")
    op.drop_table("unit_tags")
    op.drop_index(op.f("ix_unit_names_key"), table_name="unit_names")
    op.drop_table("unit_names")
    op.drop_index(op.f("ix_sign_ins_user_id"), table_name="sign_ins")
    op.drop_table("sign_ins")
    op.drop_index(op.f("ix_mailboxes_normalised"), table_name="mailboxes")
    op.drop_table("mailboxes")
    op.drop_table("list_blocks")
    op.drop_index(op.f("ix_groups_tag"), table_name="groups")
    op.drop_index(op.f("ix_groups_parent_id"), table_name="groups")
    op.drop_table("groups")
    op.drop_table("bulletins")
    op.drop_table("users")
    op.drop_index(op.f("ix_units_pinyin"), table_name="units")
    op.drop_index(op.f("ix_units_parent_id"), table_name="units")
    op.drop_table("units")
    op.drop_index(
        "uq_suppressions_open",
        table_name="suppressions",
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.drop_table("suppressions")
    op.drop_table("seals")
    op.drop_index(
        "ix_events_issue_id", table_name="events", postgresql_where=sa.text("delivery_id IS NULL")
    )
    op.drop_index(
        "ix_events_delivery_id",
        table_name="events",
        postgresql_where=sa.text("delivery_id IS NOT NULL"),
    )
    op.drop_table("events")
    op.drop_table("distribution_lists")
    op.drop_index("ix_attempts_delivery_id", table_name="attempts")
    op.drop_table("attempts")
