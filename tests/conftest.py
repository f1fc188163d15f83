"""What all tests share: property tests without deadlines, since test machines are noisy."""

from hypothesis import settings

settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")
