"""Every setting of SpeedyCheers, by subject. The environment configures them; in development all are optional."""

from speedycheers.settings.base import *
from speedycheers.settings.browsers import *
from speedycheers.settings.delivery import *
from speedycheers.settings.dispatch import *
from speedycheers.settings.fraud import *
from speedycheers.settings.insights import *
from speedycheers.settings.interface import *
from speedycheers.settings.logs import *
from speedycheers.settings.money import *
from speedycheers.settings.pages import *
from speedycheers.settings.people import *
from speedycheers.settings.process import *
from speedycheers.settings.retention import *
from speedycheers.settings.storage import *
from speedycheers.settings.third_parties import *
from speedycheers.settings.watching import *
