"""Invented article pages in the shape of real ones, in five languages, and a way to take parts away."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Page:
    """The parts of a plain-text page; `text` joins them as a publisher's site would copy out."""

    language: str
    title: str
    deck: str
    opening: tuple[str, ...]
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    disclaimer: str
    related_heading: str
    related: tuple[str, ...]
    furniture: tuple[str, ...] = field(default=())

    def lines(self) -> list[str]:
        """Return every line of the page in order."""
        lines = [self.title]
        lines += [self.deck] if self.deck else []
        lines += self.opening
        for heading, paragraphs in self.sections:
            lines += [heading] if heading else []
            lines += paragraphs
        lines += [self.disclaimer] if self.disclaimer else []
        lines += [self.related_heading, *self.related] if self.related else []
        return [*lines, *self.furniture]

    def text(self, gap: str = "\n") -> str:
        """Return the page as text with *gap* between lines."""
        return gap.join(self.lines())

    def without(self, **parts: object) -> Page:
        """Return the page with some parts replaced, usually by nothing."""
        return replace(self, **parts)

    @property
    def body(self) -> list[tuple[str, tuple[str, ...]]]:
        """The sections a reader should see, the opening one under ""."""
        opening = [("", self.opening)] if self.opening else []
        return [*opening, *self.sections]


ENGLISH = Page(
    language="en",
    title="Harbour Towns Bet on Tidal Power as Grid Prices Climb",
    deck="Three coastal councils will share the cost of a turbine field, hoping that steady tides can calm a market that wind and sun have made restless.",
    opening=(
        "When the ferry to Lower Skerrin was cancelled for the ninth time this autumn, the harbour master began to count the hours in which the tide ran hard past an empty quay. His notes have now become the basis of the largest public energy project on this coast.",
    ),
    sections=(
        (
            "A Bill That Nobody Wanted",
            (
                "Electricity for the cold stores doubled in eighteen months, and the fish market passed the cost on to boats that could not carry it. Two of them were sold in August, and the third now lies on the slip with its engine out and its licence up for auction.",
                "The councils had asked for a fixed tariff and were refused, because no supplier would promise a price for longer than a season. That refusal, several of those present agree, did more for the turbines than any engineer's report had done before it.",
            ),
        ),
        (
            "Who Pays If the Sea Wins?",
            (
                "Insurance is the weak point of the plan. The seabed is rock and the current moves boulders, so every cable must be laid in a trench that will take two summers to cut and that may have to be cut again after a hard winter or an unlucky anchor.",
                "Lenders have asked the councils to stand behind the first five years. Only one of them has agreed so far, and its treasurer describes the decision as a bet on arithmetic and on the patience of people who have been cold before and did not like it.",
            ),
        ),
    ),
    disclaimer="This content is AI-generated from published reports. We try to be accurate, but mistakes are possible; please check the original source.",
    related_heading="Related Articles",
    related=(
        "A shipyard that built trawlers for ninety years now welds turbine frames, and its apprentices have stopped moving to the city.",
        "Grid operators in four regions warn that winter reserves are thinner than at any time since the old coal plants were closed.",
        "Seabed leases are being sold faster than they can be surveyed. Who checks the maps? A look at the agency behind them.",
    ),
    furniture=("Thoughts", "Share your thoughts on this article", "Sign in to join the conversation"),
)

KOREAN = Page(
    language="ko",
    title="항구 도시들, 치솟는 전기료에 조력 발전 승부수",
    deck="해안 지방의회 세 곳이 터빈 단지 비용을 나눠 부담하기로 하면서, 일정한 조류가 출렁이는 전력 시장을 진정시킬지 주목된다.",
    opening=(
        "올가을 들어 아홉 번째로 여객선이 결항되자 항만 관리소장은 텅 빈 부두 앞을 조류가 세차게 흐르는 시간을 세기 시작했다. 그가 남긴 기록은 이제 이 해안에서 가장 큰 공공 에너지 사업의 밑그림이 되었다.",
    ),
    sections=(
        (
            "누구도 원치 않은 고지서",
            (
                "냉동 창고의 전기 요금은 열여덟 달 만에 두 배로 뛰었고, 어시장은 그 부담을 감당할 수 없는 어선들에 떠넘겼다. 8월에는 두 척이 팔렸고, 나머지 한 척은 엔진을 떼어 낸 채 선가대에 올라 있다.",
                "의회는 고정 요금제를 요청했지만 어느 공급사도 한 계절 이상의 가격을 약속하지 않았다. 여러 참석자는 바로 그 거절이 어떤 기술 보고서보다 터빈 사업에 힘을 실어 주었다고 입을 모은다.",
            ),
        ),
        (
            "바다가 이기면 누가 갚나?",
            (
                "보험은 이 계획의 약한 고리다. 해저는 암반이고 조류가 바위를 굴리기 때문에 모든 전선을 도랑에 묻어야 하며, 그 공사에만 두 번의 여름이 걸리고 혹독한 겨울 뒤에는 다시 파야 할 수도 있다.",
                "금융기관들은 처음 다섯 해 동안 의회가 보증을 서라고 요구했다. 지금까지 동의한 곳은 한 곳뿐이며, 그곳의 재정 담당자는 이 결정을 숫자에 건 내기라고 부른다.",
            ),
        ),
    ),
    disclaimer="본 콘텐츠는 공개된 보도를 바탕으로 AI가 작성했습니다. 정확성을 위해 노력하지만 오류가 있을 수 있으니 원문을 확인하시기 바랍니다.",
    related_heading="관련 기사",
    related=(
        "구십 년 동안 저인망 어선을 만들던 조선소가 이제 터빈 골조를 용접하고, 견습생들은 더 이상 도시로 떠나지 않는다.",
        "네 지역의 전력망 운영사들이 겨울 예비 전력이 석탄 발전소 폐쇄 이후 가장 얇아졌다고 경고했다.",
        "해저 임대가 측량보다 빠르게 팔려 나간다. 지도는 누가 확인하나? 담당 기관을 들여다본다.",
    ),
    furniture=("생각", "이 기사에 대한 생각을 공유하세요", "로그인하고 대화에 참여하세요"),
)

JAPANESE = Page(
    language="ja",
    title="港町が潮力発電に賭ける、電気代の高騰を受けて",
    deck="沿岸の三つの議会がタービン群の費用を分担する。安定した潮の流れは、風と太陽に揺れる市場を落ち着かせられるのか。",
    opening=(
        "この秋、島へ渡る船が九度目の欠航となったとき、港長は空の岸壁の前を潮が激しく流れる時間を数え始めた。その記録はいま、この海岸で最大の公共エネルギー事業の土台となっている。",
    ),
    sections=(
        (
            "誰も望まなかった請求書",
            (
                "冷凍倉庫の電気代は一年半で二倍になり、魚市場はその負担を担いきれない漁船に転嫁した。八月には二隻が売られ、残る一隻はエンジンを外されたまま船台の上に置かれている。",
                "議会は固定料金を求めたが、一季節より長い価格を約束する会社はなかった。どの技術報告よりもその拒否こそがタービン計画を後押ししたのだと、複数の出席者は口をそろえる。",
            ),
        ),
        (
            "海が勝ったら誰が払うのか？",
            (
                "保険はこの計画の弱点である。海底は岩盤で、潮は岩を転がすため、すべての電線を溝に埋めなければならず、その工事だけで二つの夏を要し、厳しい冬のあとには掘り直すことになるかもしれない。",
                "銀行は最初の五年間、議会が保証に立つよう求めている。これまでに応じたのは一つだけで、その会計責任者はこの決定を算数への賭けと呼んでいる。",
            ),
        ),
    ),
    disclaimer="このコンテンツは公開された報道をもとにAIが生成したものです。正確さを心がけていますが、誤りが含まれる場合があります。元の情報源をご確認ください。",
    related_heading="関連記事",
    related=(
        "九十年にわたりトロール船を造ってきた造船所が、いまはタービンの骨組みを溶接し、見習いたちは町を離れなくなった。",
        "四つの地域の送電会社が、冬の予備電力は石炭火力の閉鎖以来もっとも薄いと警告している。",
        "海底の貸し出しは測量よりも速く進む。地図を確かめるのは誰か。担当機関の内側を追う。",
    ),
    furniture=("感想", "この記事についての考えを共有する", "ログインして会話に参加する"),
)

ARABIC = Page(
    language="ar",
    title="مدن الموانئ تراهن على طاقة المد والجزر مع ارتفاع أسعار الكهرباء",
    deck="ثلاثة مجالس ساحلية تتقاسم كلفة حقل من التوربينات، على أمل أن يهدئ انتظام المد سوقا أربكتها الرياح والشمس.",
    opening=(
        "عندما ألغيت رحلة العبارة إلى الجزيرة للمرة التاسعة هذا الخريف، بدأ مدير الميناء يحصي الساعات التي يجري فيها التيار بقوة أمام رصيف فارغ. وقد أصبحت ملاحظاته اليوم أساس أكبر مشروع عام للطاقة على هذا الساحل، كما يقول أهل البلدة في المقاهي القريبة من المرفأ.",
    ),
    sections=(
        (
            "فاتورة لم يردها أحد",
            (
                "تضاعفت كلفة الكهرباء في مخازن التبريد خلال ثمانية عشر شهرا، وحمّلتها سوق السمك لمراكب لا تقدر عليها. بيع اثنان منها في أغسطس، وما زال الثالث راسيا على المنزلق بلا محرك ينتظر من يشتريه في المزاد الذي تأجل مرتين.",
                "طلبت المجالس تعرفة ثابتة فرفض طلبها، لأن أي مورد لم يرض بأن يعد بسعر يتجاوز موسما واحدا. ويتفق كثيرون ممن حضروا على أن ذلك الرفض خدم التوربينات أكثر من أي تقرير هندسي سبقه إلى طاولة المجلس.",
            ),
        ),
        (
            "من يدفع إذا انتصر البحر؟",
            (
                "التأمين هو الحلقة الأضعف في الخطة. فقاع البحر صخري والتيار يدحرج الصخور، ولذلك يجب أن يمد كل كابل في خندق يستغرق حفره صيفين، وربما يحفر من جديد بعد شتاء قاس أو مرساة شاردة تجرها العواصف نحو الشاطئ.",
                "وقد طلب المقرضون من المجالس أن تضمن السنوات الخمس الأولى. ولم يوافق منها حتى الآن إلا مجلس واحد، ويصف أمين خزانته القرار بأنه رهان على الحساب وعلى صبر الناس الذين عرفوا البرد من قبل ولم يحبوه.",
            ),
        ),
    ),
    disclaimer="تم إنشاء هذا المحتوى بواسطة الذكاء الاصطناعي استنادا إلى تقارير منشورة. نسعى إلى الدقة لكن قد تقع أخطاء، لذا نوصي بالتحقق من المصدر الأصلي.",
    related_heading="مقالات ذات صلة",
    related=(
        "حوض سفن ظل يبني قوارب الصيد تسعين عاما صار يلحم هياكل التوربينات، ولم يعد المتدربون فيه يهاجرون إلى المدينة.",
        "مشغلو الشبكات في أربع مناطق يحذرون من أن احتياطي الشتاء أقل من أي وقت مضى منذ إغلاق محطات الفحم القديمة.",
        "تباع عقود قاع البحر أسرع مما يمكن مسحها. من يراجع الخرائط؟ نظرة على الهيئة التي تقف وراءها.",
    ),
    furniture=("أفكار", "شارك أفكارك حول هذا المقال", "سجل الدخول للانضمام إلى المحادثة"),
)

GERMAN = Page(
    language="de",
    title="Hafenstädte setzen auf Gezeitenkraft, während die Strompreise steigen",
    deck="Drei Küstengemeinden teilen sich die Kosten eines Turbinenfelds und hoffen, dass die stetige Tide einen unruhigen Markt beruhigt.",
    opening=(
        "Als die Fähre in diesem Herbst zum neunten Mal ausfiel, begann der Hafenmeister die Stunden zu zählen, in denen der Strom hart an einem leeren Kai vorbeizog. Aus seinen Notizen ist inzwischen das größte öffentliche Energievorhaben an dieser Küste geworden.",
    ),
    sections=(
        (
            "Eine Rechnung, die niemand wollte",
            (
                "Der Strom für die Kühlhäuser hat sich in achtzehn Monaten verdoppelt, und der Fischmarkt gab die Kosten an Boote weiter, die sie nicht tragen konnten. Zwei von ihnen wurden im August verkauft, das dritte liegt ohne Maschine auf der Helling.",
                "Die Gemeinden hatten um einen festen Tarif gebeten und eine Absage erhalten, weil kein Versorger einen Preis für länger als eine Saison zusagen wollte. Diese Absage, darin sind sich mehrere Beteiligte einig, hat den Turbinen mehr genützt als jedes Gutachten.",
            ),
        ),
        (
            "Wer zahlt, wenn das Meer gewinnt?",
            (
                "Die Versicherung ist der schwache Punkt des Plans. Der Meeresgrund ist Fels, und die Strömung bewegt Steine, also muss jedes Kabel in einen Graben, dessen Bau zwei Sommer dauert und der nach einem harten Winter womöglich noch einmal gefräst werden muss.",
                "Die Banken verlangen, dass die Gemeinden für die ersten fünf Jahre bürgen. Bisher hat nur eine zugestimmt, und ihre Kämmerin nennt den Beschluss eine Wette auf die Arithmetik und auf die Geduld von Leuten, die schon einmal gefroren haben.",
            ),
        ),
    ),
    disclaimer="Dieser Inhalt wurde mit Hilfe von KI auf Grundlage veröffentlichter Berichte erstellt. Trotz aller Sorgfalt können Fehler vorkommen; bitte prüfen Sie die Originalquelle.",
    related_heading="Verwandte Artikel",
    related=(
        "Eine Werft, die neunzig Jahre lang Kutter baute, schweißt heute Turbinenrahmen, und ihre Lehrlinge ziehen nicht mehr in die Stadt.",
        "Netzbetreiber in vier Regionen warnen, die Winterreserve sei dünner als je zuvor seit der Stilllegung der alten Kohlekraftwerke.",
        "Pachten für den Meeresgrund werden schneller verkauft als vermessen. Wer prüft die Karten? Ein Blick auf die Behörde dahinter.",
    ),
    furniture=("Gedanken", "Teilen Sie Ihre Gedanken zu diesem Artikel", "Melden Sie sich an, um mitzureden"),
)

PAGES = (ENGLISH, KOREAN, JAPANESE, ARABIC, GERMAN)
