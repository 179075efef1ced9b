"""The steps that staff take with partners, over HTTP."""

from accounts.admin.partners import APPROVE, REJECT, SUSPEND
from accounts.models import Partner
from accounts.permissions import CHANGE_PARTNER
from api.serializing import json_of
from requests_app.admin.partners import RELEASE
from staff_api.partners import all_partners
from staff_api.people_serializers import StaffPartnerSerializer
from staff_api.steps import Call, Rows, Said


def _json(row: Partner, result: object) -> Said:
    return json_of(StaffPartnerSerializer, row)


ROWS = Rows(all_partners, CHANGE_PARTNER, "region", "partnerIds", StaffPartnerSerializer, _json)
CALLS = (
    Call(APPROVE, "approve", example={"reason": "Met at the interview"}),
    Call(REJECT, "reject", example={"reason": "Did not come to the interview"}),
    Call(SUSPEND, "suspend", example={"reason": "Three complaints"}),
    Call(RELEASE, "release", example={"reason": "Their phone is broken"}),
)
