"""XML from outside, read without entities, document types or anything fetched."""

from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from vanta.domain.errors import MalformedError


def parse(document: str | bytes, *, place: str = "") -> Element:
    """The root element.

    Raises:
        MalformedError: `XML_ENTITY` for a document type or an entity, `XML` for anything that is
            not well-formed.
    """
    try:
        root: Element = fromstring(document, forbid_dtd=True)
    except DefusedXmlException as error:
        raise MalformedError(
            "declares a document type or entities", code="XML_ENTITY", place=place
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise MalformedError(f"not well-formed XML: {error}", code="XML", place=place) from error
    return root


def said(element: Element, path: str, default: str = "") -> str:
    """The text at `path`, trimmed; `default` where there is none."""
    return (element.findtext(path) or default).strip()
