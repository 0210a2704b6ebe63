"""How the tables came to their shape; Alembic's folder."""
