"""Groups in the page: making, joining by a link, managing and leaving them."""

from __future__ import annotations

from typing import Any

import people
import pytest
from browser import (
    PHONE,
    Complaints,
    arrive,
    chromium,
    conversation,
    in_a_browser,
    require_accessible,
    sign_in,
)
from people import Person
from playwright.async_api import Browser, Locator, Page, expect
from tornado.httpclient import AsyncHTTPClient


async def open_as(person: Person, browser: Browser, complaints: Complaints, **options: Any) -> Page:
    """Open the page on one more device of somebody."""
    page = await arrive(browser, person.base_url, complaints, **options)
    await sign_in(page, person.email)
    return page


async def choose(page: Page, name: str, item: str) -> None:
    """Choose from the menu of a conversation."""
    await conversation(page, name).hover()
    await choose_of_member(page, name, item)


async def choose_of_member(page: Page, name: str, item: str) -> None:
    """Choose from the menu of a member, in the dialog of the group."""
    await page.get_by_role("button", name=f"More about {name}").last.click()
    await page.get_by_role("menuitem", name=item, exact=True).click()


async def make_group(owner: Person, name: str, *members: Person, private: bool = True) -> str:
    """Make a group; return its id."""
    body = {"name": name, "members": [one.id for one in members], "private": private}
    reply = await owner.post("/groups", body)
    group_id: str = reply.json["id"]
    return group_id


def member(page: Page, name: str) -> Locator:
    """Return a member in the dialog of the group."""
    return page.get_by_role("list", name="Members").get_by_role("listitem").filter(has_text=name)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_group_is_made_and_joined_by_a_link(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, cleo = [
        await people.register(http_client, base_url, name) for name in ("Ana", "Ben", "Cleo")
    ]
    complaints = Complaints()
    async with chromium() as browser:
        page = await open_as(ana, browser, complaints)
        bens = await open_as(ben, browser, complaints)
        await page.get_by_role("button", name="New group").first.click()
        await page.get_by_label("Group name").fill("Hikers")
        await page.get_by_label("Add people").fill("Cleo")
        await page.get_by_label("People found").get_by_role("button", name="Cleo").click()
        await page.get_by_role("button", name="Leave out Cleo").click()
        await page.get_by_label("Add people").fill("Ben")
        await expect(page.get_by_label("People found").get_by_text("Ben")).to_be_visible()
        await page.get_by_label("Add people").press("Enter")
        await page.get_by_role("button", name="Create group").click()
        await expect(page.get_by_role("heading", name="Hikers")).to_be_visible()
        await expect(conversation(page, "Hikers")).to_have_attribute("aria-current", "page")
        await expect(conversation(bens, "Hikers")).to_be_visible()

        await choose(page, "Hikers", "Group details")
        await page.get_by_role("button", name="Create invite link").click()
        link = await page.get_by_label("Invite link").input_value()
        await expect(page.get_by_text("Good until")).to_be_visible()

        # Who follows it signs in first, and is asked then.
        theirs = await arrive(browser, link, complaints)
        await sign_in(theirs, cleo.email)
        joining = theirs.get_by_role("dialog")
        await expect(joining).to_contain_text("Hikers")
        await expect(joining).to_contain_text("2 members")
        await joining.get_by_role("button", name="Join", exact=True).click()
        await expect(theirs.get_by_role("heading", name="Hikers")).to_be_visible()
        await expect(member(page, "Cleo")).to_be_visible()
        # Once more, it opens what one is in.
        await theirs.goto(link)
        await expect(joining).to_contain_text("already")
        await joining.get_by_role("button", name="Open", exact=True).click()
        await expect(joining).to_have_count(0)
        await theirs.goto(f"{base_url}/#join:{'x' * 32}")
        await expect(joining).to_contain_text("no longer good")
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_group_is_managed_and_everybody_sees_it(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, cleo = [
        await people.register(http_client, base_url, name) for name in ("Ana", "Ben", "Cleo")
    ]
    await make_group(ana, "Plans", ben, cleo)
    complaints = Complaints()
    async with chromium() as browser:
        page = await open_as(ana, browser, complaints)
        bens = await open_as(ben, browser, complaints)
        await choose(page, "Plans", "Group details")
        await page.get_by_label("Group name").fill("Great plans")
        await page.get_by_role("button", name="Rename").click()
        await expect(conversation(bens, "Great plans")).to_be_visible()

        await choose(bens, "Great plans", "Group details")
        await expect(bens.get_by_label("Add people")).to_have_count(0)
        await choose_of_member(page, "Ben", "Make admin")
        await expect(member(page, "Ben")).to_contain_text("Admin")
        await expect(bens.get_by_label("Add people")).to_be_visible()

        await choose_of_member(page, "Cleo", "Remove from group")
        await page.get_by_role("button", name="Cancel").click()
        await expect(member(page, "Cleo")).to_be_visible()
        await choose_of_member(page, "Cleo", "Remove from group")
        await page.get_by_role("button", name="Remove from group").click()
        await expect(member(page, "Cleo")).to_have_count(0)
        await expect(member(bens, "Cleo")).to_have_count(0)

        await bens.get_by_label("Add people").fill("Cleo")
        await bens.get_by_label("People found").get_by_role("button", name="Cleo").click()
        await bens.get_by_role("button", name="Add 1 person").click()
        await expect(member(page, "Cleo")).to_be_visible()

        await bens.get_by_role("button", name="Leave group").click()
        await bens.get_by_role("button", name="Leave group").click()
        await expect(bens.get_by_text("No conversations yet")).to_be_visible()
        await expect(member(page, "Ben")).to_have_count(0)

        await page.get_by_role("button", name="Delete group").click()
        await page.get_by_role("button", name="Delete group").click()
        await expect(page.get_by_text("No conversations yet")).to_be_visible()
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_admins_write_the_glossary_and_members_read_it(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    await make_group(ana, "Plans", ben)
    complaints = Complaints()
    async with chromium() as browser:
        page = await open_as(ana, browser, complaints)
        await choose(page, "Plans", "Group details")
        await page.get_by_role("button", name="Glossary").click()
        await expect(page.get_by_text("There are no words here yet.")).to_be_visible()
        await page.get_by_label("Word or phrase").fill("Apollo")
        await page.get_by_role("button", name="Add word").click()
        await expect(page.get_by_role("list", name="Glossary")).to_contain_text("stays as it is")
        await page.get_by_label("Word or phrase").fill("board")
        await page.get_by_label("In translations into").select_option("es")
        await page.get_by_label("It becomes").fill("junta")
        await page.get_by_role("button", name="Add word").click()
        await expect(page.get_by_text("junta")).to_be_visible()
        await page.get_by_role("button", name="Remove Apollo").click()
        await expect(page.get_by_text("Apollo")).to_have_count(0)

        bens = await open_as(ben, browser, complaints)
        await choose(bens, "Plans", "Group details")
        await bens.get_by_role("button", name="Glossary").click()
        await expect(bens.get_by_text("junta")).to_be_visible()
        await expect(bens.get_by_label("Word or phrase")).to_have_count(0)
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_public_group_is_joined_at_its_address_and_a_private_one_is_not(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    public = await make_group(ana, "Market", private=False)
    private = await make_group(ana, "Secret")
    complaints = Complaints()
    async with chromium() as browser:
        page = await open_as(ben, browser, complaints)
        await page.goto(f"{base_url}/#group:{public}")
        await page.get_by_role("dialog").get_by_role("button", name="Join", exact=True).click()
        await expect(conversation(page, "Market")).to_be_visible()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await page.goto(f"{base_url}/#group:{private}")
        await expect(page.get_by_text("not there, or not for you")).to_be_visible()
        await expect(page).to_have_url(f"{base_url}/")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.get_by_text("Secret")).to_have_count(0)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_whom_one_blocks_cannot_write_until_it_is_taken_back(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    hello = {"recipient_id": ana.id, "content": "Hello"}
    await ben.post("/messages", hello)
    complaints = Complaints()
    async with chromium() as browser:
        page = await open_as(ana, browser, complaints)
        await choose(page, "Ben", "Block")
        await page.get_by_role("dialog").get_by_role("button", name="Block", exact=True).click()
        await expect(page.get_by_text("Ben is blocked.")).to_be_visible()
        assert (await ben.post("/messages", hello)).error == "blocked"
        await choose(page, "Ben", "Unblock")
        await expect(page.get_by_text("Ben is not blocked.")).to_be_visible()
        assert (await ben.post("/messages", hello)).status == 201
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_dialogs_of_groups_are_accessible(
    http_client: AsyncHTTPClient, base_url: str, scheme: str
) -> None:
    ana, ben = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    await make_group(ana, "Plans", ben)
    complaints = Complaints()
    async with chromium() as browser:
        page = await open_as(ana, browser, complaints, viewport=PHONE, color_scheme=scheme)
        await page.get_by_role("button", name="New group").click()
        await page.get_by_label("Add people").fill("Ben")
        await expect(page.get_by_label("People found").get_by_text("Ben")).to_be_visible()
        await require_accessible(page)
        await page.get_by_role("button", name="Close").click()
        await conversation(page, "Plans").hover()
        await page.get_by_role("button", name="More about Plans").click()
        await require_accessible(page)
        await page.get_by_role("menuitem", name="Group details").click()
        await page.get_by_role("button", name="Create invite link").click()
        await expect(page.get_by_label("Invite link")).to_be_visible()
        await require_accessible(page)
        await page.get_by_role("button", name="Glossary").click()
        await page.get_by_label("Word or phrase").fill("Apollo")
        await page.get_by_role("button", name="Add word").click()
        await expect(page.get_by_text("stays as it is", exact=True)).to_be_visible()
        await require_accessible(page)
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Leave group").click()
        await expect(page.get_by_text("You will not get its messages")).to_be_visible()
        await require_accessible(page)
    assert complaints == []
