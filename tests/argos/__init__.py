"""A tiny genuine translation model between English and Spanish, and how it was made."""
