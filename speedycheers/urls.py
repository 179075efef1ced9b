"""All HTTP addresses. The API's paths are camelCase, at the root, without a trailing slash."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerSplitView

from accounts import apis as accounts
from accounts import push_apis as push
from api.health import healthz, readyz
from api.schema_views import Schema
from insights.arrival import apis as arrival
from insights.pages import apis as insights
from ops import beside
from ops.insight_pages import staff_insights
from ops.metrics import metrics
from ops.pages import staff, staff_now
from payments import apis as payments
from payments import credit_apis as credits
from payments import referral_apis as referrals
from payments.statements import apis as statements
from regions.search import apis as search
from requests_app import apis as requests
from requests_app.matching import apis as matching
from requests_app.planning import apis as planning
from requests_app.serving import apis as serving
from requests_app.sharing import apis as sharing
from rides import apis as rides
from rides.contact import apis as contact
from staff_api import dead_letter_steps, dead_letters, failed_deliveries, forecasts, partner_steps, payment_steps
from staff_api import partners as staff_partners
from staff_api import payments as staff_payments
from staff_api import requests as staff_requests
from staff_api import rides as staff_rides
from staff_api.steps import taken
from web.addresses import Addresses

# The admin's own sign-in asks for no second factor, so ours replaces it.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

api = [
    path("login", accounts.Login.as_view()),
    path("signup", accounts.Signup.as_view()),
    path("logout", accounts.Logout.as_view()),
    path("me", accounts.Me.as_view()),
    path("socketTicket", accounts.SocketTicket.as_view()),
    path("requestType", requests.RequestTypes.as_view()),
    path("insights/<slug:region_slug>/hours", insights.RegionHours.as_view(), name="hourly-facts"),
    path("insights/<slug:region_slug>/<str:figure>", insights.RegionFigure.as_view(), name="figure"),
    path("estimate", arrival.Estimates.as_view()),
    path("place", search.Places.as_view()),
    path("cheerRequest", requests.CheerRequests.as_view()),
    path("cheerRequest/<uuid:request_id>", requests.CheerRequestDetail.as_view()),
    path("cheerRequest/<uuid:request_id>/cancel", requests.CheerRequestCancel.as_view()),
    path("offer/<uuid:offer_id>/decision", matching.OfferDecision.as_view()),
    path("updateLocation", serving.UpdateLocation.as_view()),
    path("pushKey", push.PushKey.as_view()),
    path("pushSubscription", push.PushSubscriptions.as_view()),
    path("pushSubscription/remove", push.PushSubscriptionRemove.as_view()),
    path("partner/apply", requests.PartnerApply.as_view()),
    path("partner/status", serving.PartnerStatusView.as_view()),
    path("partner/payoutAccount", payments.PartnerPayoutAccount.as_view()),
    path("partner/statement/<str:statement_period>", statements.PartnerStatement.as_view(), name="statement-file"),
    path("partner/statement/<str:statement_period>/line", statements.PartnerStatementLines.as_view()),
    path("partner/taxSummary/<str:tax_year>", statements.PartnerTaxSummary.as_view(), name="tax-summary"),
    path("partner/<uuid:partner_id>/approve", accounts.PartnerApprove.as_view()),
    path("partner/<uuid:partner_id>/suspend", accounts.PartnerSuspend.as_view()),
    path("cheerRequest/<uuid:request_id>/share", sharing.CheerRequestShare.as_view()),
    path("cheerRequest/<uuid:request_id>/unshare", sharing.CheerRequestUnshare.as_view()),
    path("sharedCheer/<str:share_token>", sharing.SharedCheer.as_view()),
    path("scheduledRequest", planning.ScheduledRequests.as_view()),
    path("scheduledRequest/<uuid:scheduled_id>/cancel", planning.ScheduledRequestCancel.as_view()),
    path("savedPlace", planning.SavedPlaces.as_view()),
    path("savedPlace/<uuid:place_id>/forget", planning.SavedPlaceForget.as_view()),
    path("rideAccept", serving.RideAccept.as_view()),
    path("rideDecline", serving.RideDecline.as_view()),
    path("rideArrive", serving.RideArrive.as_view()),
    path("rideStart", serving.RideStart.as_view()),
    path("rideEnd", serving.RideEnd.as_view()),
    path("rideNoShow", serving.RideNoShow.as_view()),
    path("rideCancel", serving.RideCancel.as_view()),
    path("ride", rides.RideList.as_view()),
    path("ride/<uuid:ride_id>", rides.RideDetail.as_view()),
    path("ride/<uuid:ride_id>/here", serving.RideHere.as_view()),
    path("ride/<uuid:ride_id>/nobodyHere", serving.RideNobodyHere.as_view()),
    path("ride/<uuid:ride_id>/message", contact.RideMessages.as_view()),
    path("ride/<uuid:ride_id>/message/mark", contact.RideMessagesMark.as_view()),
    path("message/<uuid:message_id>/report", contact.MessageReport.as_view()),
    path("ride/<uuid:ride_id>/receipt", rides.RideReceipt.as_view(), name="receipt"),
    path("ride/<uuid:ride_id>/rating", rides.RideRating.as_view()),
    path("ride/<uuid:ride_id>/tip", rides.RideTip.as_view()),
    path("payment", payments.PaymentList.as_view()),
    path("payment/<uuid:payment_id>", payments.PaymentDetail.as_view()),
    path("payment/<uuid:payment_id>/pay", payments.PaymentPay.as_view()),
    path("payment/<uuid:payment_id>/confirmation", payments.PaymentConfirmation.as_view()),
    path("hold/<uuid:hold_id>/confirmation", payments.HoldConfirmation.as_view()),
    path("cardSetup", payments.CardSetup.as_view()),
    path("card", payments.Card.as_view()),
    path("credit", credits.CreditList.as_view()),
    path("credit/code", credits.CreditCode.as_view()),
    path("credit/balance", credits.CreditBalance.as_view()),
    path("referral", referrals.OwnReferral.as_view()),
    path("updatePaymentInfo", payments.UpdatePaymentInfo.as_view()),
    path("updatePayoutInfo", payments.UpdatePayoutInfo.as_view()),
    path("staffApi/request", staff_requests.StaffRequests.as_view()),
    path("staffApi/request/<uuid:request_id>", staff_requests.StaffRequestRow.as_view()),
    path("staffApi/attempt", staff_requests.StaffAttempts.as_view()),
    path("staffApi/attempt/<uuid:attempt_id>", staff_requests.StaffAttemptRow.as_view()),
    path("staffApi/offer", staff_requests.StaffOffers.as_view()),
    path("staffApi/offer/<uuid:offer_id>", staff_requests.StaffOfferRow.as_view()),
    path("staffApi/deadLetter", dead_letters.StaffDeadLetters.as_view()),
    path("staffApi/deadLetter/<uuid:request_id>", dead_letters.StaffDeadLetterRow.as_view()),
    path("staffApi/failedDelivery", failed_deliveries.StaffFailedDeliveries.as_view()),
    path("staffApi/failedDelivery/<uuid:failed_delivery_id>", failed_deliveries.StaffFailedDeliveryRow.as_view()),
    path("staffApi/partner", staff_partners.StaffPartners.as_view()),
    path("staffApi/partner/<uuid:partner_id>", staff_partners.StaffPartnerRow.as_view()),
    path("staffApi/ride", staff_rides.StaffRides.as_view()),
    path("staffApi/ride/<uuid:ride_id>", staff_rides.StaffRideRow.as_view()),
    path("staffApi/insight/forecast", forecasts.StaffForecast.as_view()),
    path("staffApi/payment", staff_payments.StaffPayments.as_view()),
    path("staffApi/payment/<uuid:payment_id>", staff_payments.StaffPaymentRow.as_view()),
    *taken("deadLetter", "request_id", dead_letter_steps.ROWS, dead_letter_steps.CALLS),
    *taken("failedDelivery", "failed_delivery_id", failed_deliveries.ROWS, failed_deliveries.CALLS),
    *taken("partner", "partner_id", partner_steps.ROWS, partner_steps.CALLS),
    *taken("payment", "payment_id", payment_steps.ROWS, payment_steps.CALLS),
]

urlpatterns = [
    *api,
    path("schema", Schema.as_view(urlconf=api), name="schema"),
    path(
        "docs", SpectacularSwaggerSplitView.as_view(url_name="schema", http_method_names=["get", "head"]), name="docs"
    ),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("staff/", staff, name="staff"),
    path("staff/now/", staff_now, name="staff-now"),
    path("staff/insights/", staff_insights, name="staff-insights"),
    path("staff/request/<uuid:request_id>/", beside.request_beside, name="request-beside"),
    path("staff/partner/<uuid:partner_id>/", beside.partner_beside, name="partner-beside"),
    path("staff/alert/<uuid:alert_id>/", beside.alert_beside, name="alert-beside"),
    # The account pages ask for the second factor first, and end what else is signed in.
    path(
        "admin/password_change/",
        RedirectView.as_view(pattern_name="account_change_password", http_method_names=["get", "head"]),
    ),
    path("admin/", admin.site.urls),
    path("account/email/", Addresses.as_view(), name="account_email"),
    path("account/", include("accounts.urls")),
    path("", include("web.urls")),
]

handler500 = "api.middleware.server_error"
