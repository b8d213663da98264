"""Words of patients who came after others of their hospital are among the words that a mistyped one is compared with."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_WORDS = """
    INSERT INTO name_words (hospital_id, word, patient_id)
    SELECT DISTINCT ON (p.hospital_id, w.word) p.hospital_id, w.word, p.id
      FROM {people} p, string_to_table(lower(p.name), ' ') AS w (word)
     WHERE w.word <> ''
       AND NOT EXISTS (SELECT FROM name_words known
                        WHERE known.hospital_id = p.hospital_id AND known.word = w.word)
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
    "keys_of_added": f"{_ADDED.format(people='added')}; {_WORDS.format(people='added')};",
    "keys_of_changed": f"{_REMOVED} {_ADDED.format(people=_NEW)}; {_WORDS.format(people=_NEW)};",
}


def upgrade() -> None:
    """Apply it."""
    for name, body in _FUNCTIONS.items():
        op.execute(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {body} RETURN NULL; END$$"
        )
    op.execute(_WORDS.format(people="patients"))


def downgrade() -> None:
    """Take it back: what it leaves is right for the version before it, too."""
