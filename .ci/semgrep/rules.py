# Each line that a rule has to find stands below its name, and each that it must not find below "ok".
import flask
from flask import redirect, request, url_for


def sql(session, sa, name):
    # ruleid: sql-made-of-strings
    session.execute(f"SELECT * FROM users WHERE name = '{name}'")
    # ruleid: sql-made-of-strings
    session.execute(sa.text(f"SELECT * FROM users WHERE name = '{name}'"))
    # ok: sql-made-of-strings
    session.execute(sa.text("SELECT * FROM users WHERE name = :name"), {"name": name})
    wanted = request.args["order"]
    # ruleid: request-in-sql
    session.execute(sa.select(sa.literal_column(wanted)))


def away():
    # ruleid: redirect-to-what-was-sent
    redirect(request.args["next"])
    wanted = request.form.get("next")
    # ruleid: redirect-to-what-was-sent
    flask.redirect(wanted, 303)
    # ok: redirect-to-what-was-sent
    redirect(auth.local_path(wanted) or "/")
    # ok: redirect-to-what-was-sent
    redirect(url_for("sign_in.page", next=wanted), 303)


def others(session, secret, stored):
    # ruleid: commit-outside-services
    session.commit()
    # ruleid: markup-made-safe
    Markup(secret)
    # ok: markup-made-safe
    Markup("<b>{}</b>").format(secret)
    # ruleid: random-for-secrets
    random.choice("abc")
    # ok: random-for-secrets
    secrets.choice("abc")
    # ruleid: secret-compared-with-equals
    if secret_hash(secret) == stored:
        # ruleid: reads-what-can-run
        pickle.loads(stored)
    # ruleid: tls-not-checked
    httpx.get("https://example.test", verify=False)
