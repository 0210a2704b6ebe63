"""DescribeRegions."""

from __future__ import annotations

from collections.abc import Mapping

from anyjob.outcome import Json
from anyjob_server.api.operation import Call, Operation


async def describe_regions(call: Call) -> Mapping[str, Json]:
    """The one region that this server is, by the name that the caller gives it. Stands beside Data, as the vendor's."""
    region = call.parameters.text("RegionId", "local")
    return {"Regions": [{"RegionId": region, "LocalName": "anyjob", "RegionEndpoint": call.host}]}


OPERATION = Operation(name="DescribeRegions", handle=describe_regions, action="region.read")
