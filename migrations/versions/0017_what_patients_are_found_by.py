"""What patients are found by stands in the order of an index: names from each of their words, numbers, ends of phones."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_KEYS = "patient_keys_of(name text, mrn text, phone_digits text) RETURNS TABLE (kind smallint, key text)"
# A name from a later word on goes on with a tab and what stands before that word, so that it stays the whole name.
_KEYS_BODY = r"""
    SELECT 0::smallint, lower(name)
    UNION ALL
    SELECT 1::smallint, substr(of.name, at) || E'\t' || substr(of.name, 1, at - 2)
      FROM (SELECT lower(name) AS name) of, generate_series(2, length(of.name)) at
     WHERE substr(of.name, at - 1, 1) = ' ' AND substr(of.name, at, 1) <> ' '
    UNION ALL
    SELECT 2::smallint, lower(mrn)
    UNION ALL
    SELECT 3::smallint, reverse(phone_digits) WHERE phone_digits <> ''
"""
# A word that two transactions bring at once stands there twice: nobody waits for anybody.
_WORDS = """
    INSERT INTO name_words (hospital_id, word, patient_id)
    SELECT DISTINCT ON (hospital_id, word) hospital_id, word, id
      FROM {people} p, string_to_table(lower(name), ' ') AS word
     WHERE word <> ''
       AND NOT EXISTS (SELECT FROM name_words known WHERE known.hospital_id = p.hospital_id AND known.word = word)
"""
_ADDED = """
    INSERT INTO patient_keys (hospital_id, kind, key, patient_id)
    SELECT p.hospital_id, k.kind, k.key, p.id FROM {people} p, patient_keys_of(p.name, p.mrn, p.phone_digits) k
"""
_REMOVED = """
    DELETE FROM patient_keys k USING patient_keys_of(OLD.name, OLD.mrn, OLD.phone_digits) former
     WHERE k.hospital_id = OLD.hospital_id AND k.kind = former.kind AND k.key = former.key AND k.patient_id = OLD.id;
"""
_NEW = "(SELECT NEW.hospital_id, NEW.id, NEW.name, NEW.mrn, NEW.phone_digits)"
_FUNCTIONS = {
    "keys_of_added()": f"{_ADDED.format(people='added')}; {_WORDS.format(people='added')};",
    "keys_of_changed()": f"{_REMOVED} {_ADDED.format(people=_NEW)}; {_WORDS.format(people=_NEW)};",
    "keys_of_removed()": _REMOVED,
}
_TRIGGERS = {
    "patients_added_keys": (
        "AFTER INSERT ON patients REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keys_of_added()"
    ),
    "patients_changed_keys": (
        "AFTER UPDATE OF name, mrn, phone ON patients FOR EACH ROW "
        "WHEN ((OLD.name, OLD.mrn, OLD.phone) IS DISTINCT FROM (NEW.name, NEW.mrn, NEW.phone)) "
        "EXECUTE FUNCTION keys_of_changed()"
    ),
    "patients_removed_keys": "AFTER DELETE ON patients FOR EACH ROW EXECUTE FUNCTION keys_of_removed()",
}


def upgrade() -> None:
    """Apply it."""
    op.create_table(
        "patient_keys",
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("key", sa.String(collation="C"), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
    )
    op.create_table(
        "name_words",
        sa.Column("hospital_id", sa.Uuid(), nullable=False),
        sa.Column("word", sa.String(collation="C"), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("hospital_id", "word", "patient_id", name=op.f("pk_name_words")),
    )
    op.execute(f"CREATE FUNCTION {_KEYS} LANGUAGE sql STABLE AS $${_KEYS_BODY}$$")
    for signature, body in _FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {signature} RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {body} RETURN NULL; END$$")
    for name, event in _TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {event}")
    # The index comes after the rows: in order, at once.
    op.execute(_ADDED.format(people="patients"))
    op.create_primary_key(op.f("pk_patient_keys"), "patient_keys", ["hospital_id", "kind", "key", "patient_id"])
    op.execute(_WORDS.format(people="patients"))
    op.create_index(
        "ix_name_words_trgm", "name_words", ["word"], postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}
    )
    op.execute("ANALYZE patient_keys, name_words")


def downgrade() -> None:
    """Take it back."""
    for name in _TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON patients")
    for signature in (*_FUNCTIONS, "patient_keys_of(text, text, text)"):
        op.execute(f"DROP FUNCTION {signature}")
    op.drop_table("name_words")
    op.drop_table("patient_keys")
